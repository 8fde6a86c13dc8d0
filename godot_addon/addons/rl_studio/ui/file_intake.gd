@tool
extends Node
## Has the editor take in files that were written from outside, one after another: each appears in
## the FileSystem dock and is imported. Waits for a scan that goes on.

## The file can be loaded; who had loaded it before has the new one.
signal taken_in(path: String)
## It cannot.
signal refused(path: String, problem: String)

const RlOnnxLoader := preload("../import/onnx_loader.gd")

const POLL_S: float = 0.1
const PATIENCE: int = 300

var _path: String = ""
var _waiting: PackedStringArray = []
var _has_scanned: bool = false
var _polls: int = 0
var _timer: Timer = Timer.new()


func _ready() -> void:
	_timer.wait_time = POLL_S
	_timer.timeout.connect(_advance)
	add_child(_timer)


## Takes in the file at [param path], new or overwritten.
func take_in(path: String) -> void:
	_waiting.append(path)
	if _timer.is_stopped():
		_take_next()


func _take_next() -> void:
	_path = _waiting[0]
	_waiting.remove_at(0)
	_has_scanned = false
	_polls = 0
	_timer.start()
	_advance()


## Selects the file at [param path] in the FileSystem dock and shows that dock.
static func show_in_dock(path: String) -> void:
	var dock: FileSystemDock = EditorInterface.get_file_system_dock()
	dock.navigate_to_path(path)
	if dock.has_method(&"make_visible"):
		dock.call(&"make_visible")


func _advance() -> void:
	_polls += 1
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	if files.is_scanning() and _polls < PATIENCE:
		return
	if not _has_scanned and files.get_filesystem_path(_path.get_base_dir()) == null:
		_has_scanned = true  # the folder is new
		files.scan()
		return
	_timer.stop()
	files.update_file(_path)
	files.reimport_files([_path])
	var problem: String = _find_problem()
	if problem == "":
		taken_in.emit(_path)
	else:
		refused.emit(_path, problem)
	if not _waiting.is_empty():
		_take_next()


func _find_problem() -> String:
	var policy: RLPolicy = null
	if ResourceLoader.exists(_path):
		policy = load(_path) as RLPolicy
	if policy != null and policy.source_checksum == FileAccess.get_sha256(_path):
		return ""
	var loader: RlOnnxLoader = RlOnnxLoader.new()
	loader.load_file(_path)
	if loader.problem != "":
		return loader.problem
	return "%s: the import failed; the Output panel says why" % _path
