extends "test_case.gd"
## Which Pythons suit the managed environment, and what is said of it.

const RlManagedEnvironment := preload("res://addons/rl_studio/setup/managed_environment.gd")
const RlPythonInstall := preload("res://addons/rl_studio/setup/python_install.gd")
const RlPythonPlaces := preload("res://addons/rl_studio/setup/python_places.gd")

const GOOD: Dictionary = {
	"version": [3, 12, 4],
	"final": true,
	"base": "/usr/bin/python3.12",
	"real": "/usr/bin/python3.12",
	"virtual": false,
	"bits": 64,
	"kind": "CPython",
	"machine": "x86_64",
	"system": "linux",
	"free_threaded": false,
	"venv": true,
	"pip": true,
	"musl": false,
}


func test_what_suits_and_why_others_do_not() -> void:
	expect_eq(_judged({}).reason, "")
	expect_eq(_judged({}).title(), "Python 3.12.4 (PATH)")
	var faults: Dictionary[String, Dictionary] = {
		"too old": {"version": [3, 10, 2]},
		"too old, 3.11": {"version": [2, 7, 18]},
		"too new": {"version": [3, 15, 0]},
		"too new for PyTorch": {"version": [3, 14, 0], "final": false},
		"it is PyPy": {"kind": "PyPy"},
		"32 bit": {"bits": 32},
		"free-threaded": {"free_threaded": true},
		"musl": {"musl": true},
		"Intel": {"system": "darwin"},
		"python3.12-venv": {"venv": false},
	}
	for words: String in faults:
		var reason: String = _judged(faults[words]).reason
		expect_contains(reason, words)
	expect_eq(_judged({"system": "darwin", "machine": "arm64"}).reason, "")
	expect_eq(_judged({"pip": false}).reason, "", "pip can be fetched")


func test_an_answer_that_makes_no_sense() -> void:
	for output: String in ["", "Python was not found", "[1]", '{"version": "3"}']:
		var install: RlPythonInstall = RlPythonInstall.new("/bin/odd", "PATH")
		install.judge(output)
		expect_eq(install.reason, "it does not answer")


func test_of_a_virtual_environment_the_python_it_was_made_with_is_taken() -> void:
	expect_eq(_judged({"virtual": true, "base": "/opt/python"}).path, "/opt/python")
	expect_eq(_judged({"base": "/opt/python"}).path, "/bin/python")


func test_the_py_launcher_tells_paths() -> void:
	var output: String = (
		" -V:3.12 *        C:\\Program Files\\Python312\\python.exe\r\n"
		+ " -V:3.9-32        D:\\old\\python.exe\n\nNo more.\n"
	)
	# None of them is on this machine, so that none is kept.
	expect_eq(RlPythonPlaces.of_launcher(output).size(), 0)
	expect_eq(
		RlPythonPlaces.launcher_paths(output),
		PackedStringArray(["C:/Program Files/Python312/python.exe", "D:/old/python.exe"])
	)


func test_pythons_of_installers_are_found_without_path() -> void:
	if OS.get_name() == "Windows":
		return
	var home: String = ProjectSettings.globalize_path("user://home")
	var python: String = home.path_join(".pyenv/versions/3.12.4/bin/python")
	var ours: String = home.path_join("data/python/cpython-3.12/bin/python3")
	for path: String in [python, ours]:
		DirAccess.make_dir_recursive_absolute(path.get_base_dir())
		FileAccess.open(path, FileAccess.WRITE).close()
	var before: String = OS.get_environment("HOME")
	OS.set_environment("HOME", home)
	var sources: Dictionary[String, String] = {}
	for install: RlPythonInstall in RlPythonPlaces.find(home.path_join("data")):
		sources[install.path] = install.source
	OS.set_environment("HOME", before)
	expect_eq(sources.get(python), "pyenv")
	expect_eq(sources.get(ours), "brought by RL Studio")


func test_versions_of_the_environment_are_compared_as_numbers() -> void:
	var environment: RlManagedEnvironment = RlManagedEnvironment.new("/nowhere")
	expect_eq(environment.state, RlManagedEnvironment.RlState.ABSENT)
	environment.state = RlManagedEnvironment.RlState.READY
	environment.version = "0.10.0"
	expect_true(environment.fits("0.9.2"), "0.10 is newer than 0.9")
	expect_false(environment.fits("0.11.0"), "and older than 0.11")


func _judged(changes: Dictionary) -> RlPythonInstall:
	var install: RlPythonInstall = RlPythonInstall.new("/bin/python", "PATH")
	install.judge("noise\n" + JSON.stringify(GOOD.merged(changes, true)))
	return install
