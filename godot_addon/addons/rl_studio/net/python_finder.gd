@tool
extends RefCounted
## Where a Python with rl_studio could be, in the order in which the places are tried.

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


## The places that name a Python; [param state_dir] is the project's .rl_studio folder.
static func candidates(state_dir: String, setting: String) -> Array[RlCandidate]:
	var found: Array[RlCandidate] = []
	_add(found, setting, "Editor Settings > RL Studio > Python Path", true)
	_add(found, OS.get_environment(VARIABLE), "the environment variable " + VARIABLE, true)
	if not found.is_empty():
		return found
	_add(found, _named_in(state_dir.path_join("local.json")), ".rl_studio/local.json", false)
	_add(found, _named_in(user_file()), user_file(), false)
	for name: String in ["python3", "python"]:
		_add(found, on_path(name), "PATH (%s)" % name, false)
	return found


## The file in which the command line leaves its Python for all projects of this user.
static func user_file() -> String:
	var folder: String = OS.get_environment("XDG_DATA_HOME")
	match OS.get_name():
		"Windows":
			folder = OS.get_environment("LOCALAPPDATA")
		"macOS":
			folder = OS.get_environment("HOME").path_join("Library/Application Support")
		_:
			if folder == "":
				folder = OS.get_environment("HOME").path_join(".local/share")
	return folder.path_join("godot-rl-studio").path_join("python.json")


## The full path of the program [param name], or "".
static func on_path(name: String) -> String:
	var is_windows: bool = OS.get_name() == "Windows"
	for folder: String in OS.get_environment("PATH").split(";" if is_windows else ":", false):
		var path: String = folder.path_join(name + (".exe" if is_windows else ""))
		# The Microsoft Store's stand-in opens a shop instead of running anything.
		if FileAccess.file_exists(path) and not "WindowsApps" in path:
			return path
	return ""


static func _named_in(file: String) -> String:
	return RlRead.text(RlRead.json_file(file), "python")


static func _add(to: Array[RlCandidate], python: String, source: String, explicit: bool) -> void:
	if python == "":
		return
	for known: RlCandidate in to:
		if known.python == python:
			return
	to.append(RlCandidate.new(python, source, explicit))
