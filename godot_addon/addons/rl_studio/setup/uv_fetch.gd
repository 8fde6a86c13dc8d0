@tool
extends Node
## Has uv bring a Python where there is none: a uv that is on PATH, or one of a fixed version from
## the Python package index, checked against a fixed checksum.

## It went on; [param fraction] of all of it, 0 to 1.
signal progressed(fraction: float, text: String)
## A Python is there.
signal finished
signal failed(problem: RlProblem)

const RlProblem := preload("../core/problem.gd")
const RlPythonFinder := preload("../net/python_finder.gd")
const RlRead := preload("../core/read.gd")
const RlShortRun := preload("short_run.gd")

const VERSION: String = "0.13.8"
const PYTHON: String = "3.12"
const BYTES: int = 50_000_000
const TIMEOUT_MS: int = 1_800_000
## Ends of the names of its wheels, by system and processor.
const WHEELS: Dictionary[String, String] = {
	"Linux x86_64": "manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
	"Linux arm64": "manylinux_2_28_aarch64.whl",
	"macOS arm64": "macosx_11_0_arm64.whl",
	"Windows x86_64": "win_amd64.whl",
}
## Their SHA-256.
const CHECKSUMS: Dictionary[String, String] = {
	"Linux x86_64": "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
	"Linux arm64": "5337c30bb893b4f9ce0ceb921ba2da0d13f649da644f40ad3bef84083bef0203",
	"macOS arm64": "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
	"Windows x86_64": "cfbc13020a64cdf2f116d2936824c38edbf41e5c07f1ea291baf02e31ebf3ed0",
}
const _INDEX_JSON: String = "Accept: application/vnd.pypi.simple.v1+json"

var _data_dir: String = ""
var _request: HTTPRequest
var _run: RlShortRun
## Key of the tables above.
var _machine: String = ""


func _ready() -> void:
	set_process(false)


## Begins; what it brings goes below [param data_dir].
func start(data_dir: String) -> void:
	_data_dir = data_dir
	var there: String = RlPythonFinder.on_path("uv")
	if there == "" and FileAccess.file_exists(_program()):
		there = _program()
	if there != "":
		_bring_python(there)
		return
	_machine = "%s %s" % [OS.get_name(), Engine.get_architecture_name()]
	if not WHEELS.has(_machine):
		_fail("There is no uv for %s." % _machine)
		return
	progressed.emit(0.01, "Looking for uv %s" % VERSION)
	var headers: PackedStringArray = [_INDEX_JSON]
	_fetch(_index() + "/uv/", _on_index, headers, "")


## Stops it.
func stop() -> void:
	if _request != null:
		_request.cancel_request()
		_request.queue_free()
		_request = null
	if _run != null:
		_run.stop()
		_run = null
	set_process(false)


func _process(_delta: float) -> void:
	if _request != null and _request.get_body_size() > 0:
		var share: float = float(_request.get_downloaded_bytes()) / _request.get_body_size()
		var size: String = String.humanize_size(_request.get_downloaded_bytes())
		progressed.emit(0.02 + 0.3 * share, "Downloading uv: %s" % size)
	elif _run != null and _run.poll():
		_on_uv_ended()


func _fetch(url: String, then: Callable, headers: PackedStringArray, file: String) -> void:
	_request = HTTPRequest.new()
	_request.timeout = 0.0 if file != "" else 30.0
	_request.download_file = file
	add_child(_request)
	_set_proxy()
	_request.request_completed.connect(
		func(result: int, code: int, _headers: PackedStringArray, body: PackedByteArray) -> void:
			_request.queue_free()
			_request = null
			if result != HTTPRequest.RESULT_SUCCESS or code != 200:
				_fail(
					"%s cannot be reached (%s)." % [url, "HTTP %d" % code if code else "no answer"]
				)
			else:
				then.call(body)
	)
	if _request.request(url, headers) != OK:
		_fail("%s is no address that can be reached." % url)
	set_process(true)


func _on_index(body: PackedByteArray) -> void:
	var json: JSON = JSON.new()
	var index: Dictionary = {}
	if json.parse(body.get_string_from_utf8()) == OK and json.data is Dictionary:
		index = json.data
	for file: Dictionary in RlRead.dicts(index, "files"):
		var file_name: String = RlRead.text(file, "filename")
		if file_name.begins_with("uv-%s-" % VERSION) and file_name.ends_with(WHEELS[_machine]):
			var url: String = RlRead.text(file, "url")
			if not url.begins_with("http"):
				url = _index() + "/uv/" + url
			DirAccess.make_dir_recursive_absolute(_program().get_base_dir())
			_fetch(url, _on_wheel, [], _archive())
			return
	_fail("%s does not have uv %s for this machine." % [_index(), VERSION])


func _on_wheel(_body: PackedByteArray) -> void:
	if FileAccess.get_sha256(_archive()) != CHECKSUMS[_machine]:
		DirAccess.remove_absolute(_archive())
		_fail("The uv that was downloaded is not the one expected; it is not used.")
		return
	var archive: ZIPReader = ZIPReader.new()
	if archive.open(_archive()) != OK:
		_fail("%s cannot be read." % _archive())
		return
	var inner: String = "uv-%s.data/scripts/%s" % [VERSION, _program().get_file()]
	var bytes: PackedByteArray = archive.read_file(inner)
	archive.close()
	var file: FileAccess = FileAccess.open(_program(), FileAccess.WRITE)
	if file == null or bytes.is_empty() or not file.store_buffer(bytes):
		_fail("%s cannot be written." % _program())
		return
	file.close()
	DirAccess.remove_absolute(_archive())
	if OS.get_name() != "Windows":
		FileAccess.set_unix_permissions(_program(), 0x1ed)  # rwxr-xr-x
	_bring_python(_program())


func _bring_python(uv: String) -> void:
	progressed.emit(0.35, "uv brings Python %s" % PYTHON)
	var words: PackedStringArray = ["python", "install", PYTHON, "--no-bin", "--install-dir"]
	words.append(_data_dir.path_join("python"))
	_run = RlShortRun.new()
	if not _run.start(uv, words, TIMEOUT_MS):
		_run = null
		_fail("%s could not be started." % uv)
		return
	set_process(true)


func _on_uv_ended() -> void:
	var run: RlShortRun = _run
	_run = null
	set_process(false)
	if run.exit_code == 0:
		finished.emit()
		return
	var lines: PackedStringArray = run.errors.strip_edges().split("\n", false)
	_fail("uv could not bring a Python.", lines.slice(maxi(lines.size() - 4, 0)))


func _fail(what: String, lines: PackedStringArray = []) -> void:
	stop()
	var hint: String = (
		"Check the connection and press Retry, or install Python 3.12 from python.org. "
		+ "PIP_INDEX_URL and UV_PYTHON_INSTALL_MIRROR name mirrors."
	)
	failed.emit(RlProblem.new(what, hint, lines))


func _set_proxy() -> void:
	var proxy: String = OS.get_environment("HTTPS_PROXY")
	if proxy == "":
		proxy = OS.get_environment("https_proxy")
	var parts: PackedStringArray = proxy.trim_prefix("http://").trim_suffix("/").split(":")
	if parts.size() == 2 and parts[1].is_valid_int():
		_request.set_https_proxy(parts[0], int(parts[1]))


func _index() -> String:
	var chosen: String = OS.get_environment("PIP_INDEX_URL")
	return "https://pypi.org/simple" if chosen == "" else chosen.trim_suffix("/")


func _program() -> String:
	return _data_dir.path_join("setup/uv/uv.exe" if OS.get_name() == "Windows" else "setup/uv/uv")


func _archive() -> String:
	return _data_dir.path_join("setup/uv/uv.whl")
