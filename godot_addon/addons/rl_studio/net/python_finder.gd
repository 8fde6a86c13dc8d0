@tool
extends RefCounted
## Where a Python with rl_studio could be, in the order in which the places are tried.

const RlManagedEnvironment := preload("../setup/managed_environment.gd")
const RlRead := preload("../core/read.gd")

const SETTING: String = "rl_studio/python_path"
const VARIABLE: String = "RL_STUDIO_PYTHON"


## One place: [member python] is a path or a name on PATH, [member source] says who named it.
class RlCandidate:
	extends RefCounted
	var python: String = ""
	var source: String = ""
	## Named by the user (not merely found): a failure here is told, not passed over.
	var is_explicit: bool = false

	func _init(path: String, from: String, explicit: bool) -> void:
		python = path
		source = from
		is_explicit = explicit


## The places that name a Python; [param state_dir] is the project's .rl_studio folder. Who sets up
## the managed environment wants it for all projects; only what the user names goes before it.
static func candidates(state_dir: String, setting: String) -> Array[RlCandidate]:
	var found: Array[RlCandidate] = named(setting)
	if not found.is_empty():
		return found
	var managed: RlManagedEnvironment = RlManagedEnvironment.new(data_dir())
	if managed.state == RlManagedEnvironment.RlState.READY:
		_add(found, managed.python, "the managed environment", false)
	_add(found, _named_in(state_dir.path_join("local.json")), ".rl_studio/local.json", false)
	_add(found, _named_in(user_file()), user_file(), false)
	for name: String in ["python3", "python"]:
		_add(found, on_path(name), "PATH (%s)" % name, false)
	if managed.state == RlManagedEnvironment.RlState.INTERRUPTED or managed.is_outdated():
		# It has to be set up first.
		return found.filter(func(one: RlCandidate) -> bool: return one.python != managed.python)
	return found


## The places where the user names a Python for its own sake; [param setting] is the first of them.
static func named(setting: String) -> Array[RlCandidate]:
	var found: Array[RlCandidate] = []
	_add(found, setting, "Editor Settings > RL Studio > Python Path", true)
	_add(found, OS.get_environment(VARIABLE), "the environment variable " + VARIABLE, true)
	return found


## The file in which the command line leaves its Python for all projects of this user.
static func user_file() -> String:
	return data_dir().path_join("python.json")


## The studio's folder for what belongs to the user; the backend has the same rule in userdata.py.
static func data_dir() -> String:
	var ours: String = OS.get_environment("RL_STUDIO_DATA_DIR")
	if ours != "":
		return ours
	var folder: String = OS.get_environment("XDG_DATA_HOME")
	match OS.get_name():
		"Windows":
			folder = OS.get_environment("LOCALAPPDATA")
		"macOS":
			folder = OS.get_environment("HOME").path_join("Library/Application Support")
		_:
			if folder == "":
				folder = OS.get_environment("HOME").path_join(".local/share")
	return folder.replace("\\", "/").path_join("godot-rl-studio")


## Whether a Python is known that may have the studio: named somewhere, or set up.
static func is_any_named(project_dir: String) -> bool:
	var known: Array[RlCandidate] = candidates(project_dir.path_join(".rl_studio"), chosen())
	return known.any(func(one: RlCandidate) -> bool: return not one.source.begins_with("PATH"))


## What the editor settings say; may be empty.
static func chosen() -> String:
	var settings: EditorSettings = EditorInterface.get_editor_settings()
	return str(settings.get_setting(SETTING)) if settings.has_setting(SETTING) else ""


## Takes back a Python that the user has chosen: the environment that he had set up is to be used.
static func forget_setting() -> void:
	if chosen() != "":
		EditorInterface.get_editor_settings().set_setting(SETTING, "")


## The place whose Python the project in [param project_dir] is to use; null if there is none.
static func wanted(project_dir: String) -> RlCandidate:
	var known: Array[RlCandidate] = candidates(project_dir.path_join(".rl_studio"), chosen())
	return known[0] if not known.is_empty() else null


## Whether two paths are of one Python: the same, or programs of one virtual environment.
static func is_same(one: String, other: String) -> bool:
	var first: String = _plain(one)
	var second: String = _plain(other)
	if first == second:
		return true
	var folder: String = first.get_base_dir()
	var note: String = folder.get_base_dir().path_join("pyvenv.cfg")
	return folder == second.get_base_dir() and FileAccess.file_exists(note)


## The full path of the program [param name], or "".
static func on_path(name: String) -> String:
	var is_windows: bool = OS.get_name() == "Windows"
	for folder: String in OS.get_environment("PATH").split(";" if is_windows else ":", false):
		var path: String = folder.path_join(name + (".exe" if is_windows else ""))
		# The Microsoft Store's stand-in opens a shop instead of running anything.
		if FileAccess.file_exists(path) and not "WindowsApps" in path:
			return path
	return ""


static func _plain(python: String) -> String:
	var is_name: bool = python.get_file() == python
	var path: String = (on_path(python) if is_name else python).replace("\\", "/").simplify_path()
	return path.to_lower() if OS.get_name() == "Windows" else path


static func _named_in(file: String) -> String:
	return RlRead.text(RlRead.json_file(file), "python")


static func _add(to: Array[RlCandidate], python: String, source: String, explicit: bool) -> void:
	if python == "":
		return
	for known: RlCandidate in to:
		if known.python == python:
			return
	to.append(RlCandidate.new(python, source, explicit))
