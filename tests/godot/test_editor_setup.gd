extends "test_case.gd"
## Which Pythons suit the managed environment, and what is said of it.

const RlCarriedPackage := preload("res://addons/rl_studio/setup/carried_package.gd")
const RlEnvironmentUse := preload("res://addons/rl_studio/setup/environment_use.gd")
const RlManagedEnvironment := preload("res://addons/rl_studio/setup/managed_environment.gd")
const RlPythonFinder := preload("res://addons/rl_studio/net/python_finder.gd")
const RlPythonInstall := preload("res://addons/rl_studio/setup/python_install.gd")
const RlPythonPlaces := preload("res://addons/rl_studio/setup/python_places.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")

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


func test_only_what_is_missing_is_to_be_downloaded() -> void:
	var package: RlCarriedPackage = RlCarriedPackage.new("/nowhere")
	package.parts = {
		"base": {"download": 6},
		"extras": {"sb3": {"download": 100}, "rllib": {"download": 285}},
		"torch": {"cpu": {"download": 200}, "gpu": {"download": 2800}},
	}
	var both: PackedStringArray = ["sb3", "rllib"]
	var one: PackedStringArray = ["sb3"]
	expect_eq(package.missing(one, "cpu", [], "", "download"), 300, "RL Studio itself is there")
	expect_eq(package.missing(both, "cpu", one, "cpu", "download"), 185)
	expect_eq(package.missing(both, "gpu", one, "cpu", "download"), 2985, "the other PyTorch, too")
	expect_eq(package.missing(both, "cpu", both, "cpu", "download"), 0)


func test_what_was_set_up_is_used_before_what_was_noted_but_not_before_what_the_user_names(
) -> void:
	var data: String = ProjectSettings.globalize_path("user://data")
	var python: String = _make_environment(data)
	var noted: String = data.path_join("local.json")
	FileAccess.open(noted, FileAccess.WRITE).store_string('{"python": "/noted/python"}')
	var before: String = OS.get_environment("RL_STUDIO_DATA_DIR")
	var named_before: String = OS.get_environment(RlPythonFinder.VARIABLE)
	OS.set_environment("RL_STUDIO_DATA_DIR", data)
	OS.set_environment(RlPythonFinder.VARIABLE, "")
	var found: Array[RlPythonFinder.RlCandidate] = RlPythonFinder.candidates(data, "")
	var named: Array[RlPythonFinder.RlCandidate] = RlPythonFinder.candidates(data, "/my/python")
	OS.set_environment("RL_STUDIO_DATA_DIR", before)
	OS.set_environment(RlPythonFinder.VARIABLE, named_before)
	expect_eq(found[0].python, python)
	expect_eq(found[1].python, "/noted/python")
	expect_eq(named.size(), 1)
	expect_contains(named[0].source, "Editor Settings")


func test_a_run_holds_the_environment_only_if_it_uses_it() -> void:
	var environment: RlManagedEnvironment = RlManagedEnvironment.new("/data")
	for used: bool in [true, false]:
		var state: RlStudioState = RlStudioState.new()
		var id: String = "run-%s" % used
		state.update_run({"id": id, "state": "running"})
		var folder: String = "res://.rl_studio/runs/" + id
		DirAccess.make_dir_recursive_absolute(folder)
		var note: String = JSON.stringify({"python": environment.python if used else "/my/python"})
		FileAccess.open(folder.path_join("run.json"), FileAccess.WRITE).store_string(note)
		var use: RlEnvironmentUse = RlEnvironmentUse.new(state)
		expect_eq(use.blocker(environment) != "", used)
		state.update_run({"id": id, "state": "finished"})
		expect_eq(use.blocker(environment), "", "it has ended")


func _make_environment(data: String) -> String:
	var environment: RlManagedEnvironment = RlManagedEnvironment.new(data)
	DirAccess.make_dir_recursive_absolute(environment.python.get_base_dir())
	FileAccess.open(environment.python, FileAccess.WRITE).close()
	var note: String = environment.folder.path_join("rl-studio.json")
	FileAccess.open(note, FileAccess.WRITE).store_string('{"stage": "ready", "version": "99.0"}')
	return environment.python


func _judged(changes: Dictionary) -> RlPythonInstall:
	var install: RlPythonInstall = RlPythonInstall.new("/bin/python", "PATH")
	install.judge("noise\n" + JSON.stringify(GOOD.merged(changes, true)))
	return install
