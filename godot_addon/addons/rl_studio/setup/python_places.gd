@tool
extends RefCounted
## Where Pythons are on a machine: on PATH, and where installers put them. An editor that was
## started from a desktop often has a PATH that knows none of them.

const RlPythonInstall := preload("python_install.gd")

## Folders with a Python in each of their folders: {H} home, {D} our data folder, {L} LOCALAPPDATA,
## {A} APPDATA, {F} ProgramFiles | where in it | who put it there.
const _UNIX: PackedStringArray = [
	"{H}/.pyenv/versions|bin/python|pyenv",
	"/Library/Frameworks/Python.framework/Versions|bin/python3|python.org",
	"{H}/.local/share/uv/python|bin/python3|uv",
	"{D}/python|bin/python3|brought by RL Studio",
	"{H}/.asdf/installs/python|bin/python3|asdf",
	"{H}/.local/share/mise/installs/python|bin/python3|mise",
]
const _WINDOWS: PackedStringArray = [
	"{L}/Programs/Python|python.exe|python.org",
	"{F}|python.exe|python.org",
	"{L}/Python|python.exe|Python install manager",
	"{L}/Microsoft/WindowsApps|python.exe|Microsoft Store",
	"{H}/.pyenv/pyenv-win/versions|python.exe|pyenv",
	"{A}/uv/python|python.exe|uv",
	"{D}/python|python.exe|brought by RL Studio",
]
## Folders with programs, beside those on PATH.
const _PROGRAMS: Dictionary[String, String] = {
	"/opt/homebrew/bin": "Homebrew",
	"/home/linuxbrew/.linuxbrew/bin": "Homebrew",
	"/usr/local/bin": "/usr/local",
	"/usr/bin": "system",
	"{H}/.local/bin": "~/.local",
	"{H}/miniconda3/bin": "conda",
	"{H}/miniforge3/bin": "conda",
	"{H}/anaconda3/bin": "conda",
}


## All of them, some by several names; none has been started.
static func find(data_dir: String) -> Array[RlPythonInstall]:
	var found: Array[RlPythonInstall] = []
	var is_windows: bool = OS.get_name() == "Windows"
	for folder: String in OS.get_environment("PATH").split(";" if is_windows else ":", false):
		_add_programs(found, folder, "PATH")
	if is_windows:
		_add_rows(found, _WINDOWS, data_dir)
		_add(found, _filled("{H}/miniconda3/python.exe", data_dir), "conda")
		_add(found, _filled("{H}/scoop/apps/python/current/python.exe", data_dir), "Scoop")
		return found
	_add_rows(found, _UNIX, data_dir)
	if OS.has_environment("PYENV_ROOT"):
		var versions: String = OS.get_environment("PYENV_ROOT").path_join("versions")
		_add_versions(found, versions, "bin/python", "pyenv")
	for folder: String in _PROGRAMS:
		_add_programs(found, _filled(folder, data_dir), _PROGRAMS[folder])
	return found


## The Pythons in what [code]py -0p[/code] printed.
static func of_launcher(output: String) -> Array[RlPythonInstall]:
	var found: Array[RlPythonInstall] = []
	for path: String in launcher_paths(output):
		_add(found, path, "py launcher")
	return found


## The paths in it.
static func launcher_paths(output: String) -> PackedStringArray:
	var paths: PackedStringArray = []
	for line: String in output.split("\n", false):
		var start: int = line.find(":\\") - 1
		if start >= 0:
			paths.append(line.substr(start).strip_edges().replace("\\", "/"))
	return paths


static func _add_rows(
	to: Array[RlPythonInstall], rows: PackedStringArray, data_dir: String
) -> void:
	for row: String in rows:
		var parts: PackedStringArray = row.split("|")
		_add_versions(to, _filled(parts[0], data_dir), parts[1], parts[2])


static func _add_programs(to: Array[RlPythonInstall], folder: String, source: String) -> void:
	# Shims run whatever pyenv is set to; the versions are found themselves. The Store's stand-ins
	# open a shop, Apple's an installer.
	var is_apples: bool = OS.get_name() == "macOS" and folder.trim_suffix("/") == "/usr/bin"
	if is_apples or "shims" in folder or "WindowsApps" in folder:
		return
	if not folder.is_absolute_path() or not DirAccess.dir_exists_absolute(folder):
		return
	for file: String in DirAccess.get_files_at(folder):
		if _is_python(file):
			_add(to, folder.path_join(file), source)


static func _add_versions(
	to: Array[RlPythonInstall], folder: String, tail: String, source: String
) -> void:
	if not DirAccess.dir_exists_absolute(folder):
		return
	for version: String in DirAccess.get_directories_at(folder):
		_add(to, folder.path_join(version).path_join(tail), source)


static func _add(to: Array[RlPythonInstall], path: String, source: String) -> void:
	if not FileAccess.file_exists(path):
		return
	for known: RlPythonInstall in to:
		if known.path == path:
			return
	to.append(RlPythonInstall.new(path, source))


static func _is_python(file: String) -> bool:
	var name: String = file.trim_suffix(".exe") if OS.get_name() == "Windows" else file
	if name == "python" or name == "python3":
		return true
	return name.begins_with("python3.") and name.trim_prefix("python3.").is_valid_int()


static func _filled(pattern: String, data_dir: String) -> String:
	var home: String = OS.get_environment("USERPROFILE" if OS.get_name() == "Windows" else "HOME")
	var values: Dictionary[String, String] = {
		"{H}": home,
		"{D}": data_dir,
		"{L}": OS.get_environment("LOCALAPPDATA"),
		"{A}": OS.get_environment("APPDATA"),
		"{F}": OS.get_environment("ProgramFiles"),
	}
	for key: String in values:
		pattern = pattern.replace(key, values[key].replace("\\", "/"))
	return pattern
