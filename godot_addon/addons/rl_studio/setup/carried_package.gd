@tool
extends RefCounted
## The wheel of the Python side that the addon carries, and what its parts.json says of what can be
## installed: names, help and sizes.

const RlRead := preload("../core/read.gd")

const BEGIN: String = "godot_rl_studio-"
const PARTS: String = "rl_studio/setup/parts.json"

## "" if there is none.
var path: String = ""
var version: String = ""
## Version of the addon.
var addon_version: String = ""
## Whether it is the addon's own, not one that an earlier set-up has kept.
var is_of_addon: bool = false
## parts.json
var parts: Dictionary = {}


## Looks in the addon, then where earlier set-ups keep theirs, below [param data_dir].
func _init(data_dir: String) -> void:
	var script: Script = get_script()
	var folder: String = ProjectSettings.globalize_path(script.resource_path.get_base_dir())
	var config: ConfigFile = ConfigFile.new()
	config.load(folder.get_base_dir().path_join("plugin.cfg"))
	addon_version = str(config.get_value("plugin", "version", ""))
	_look_in(folder, "")
	is_of_addon = path != ""
	if path == "":
		_look_in(data_dir.path_join("setup/wheels"), addon_version + "-")
	if path == "":
		return
	version = path.get_file().get_slice("-", 1)
	var archive: ZIPReader = ZIPReader.new()
	if archive.open(path) != OK:
		path = ""
		return
	var json: JSON = JSON.new()
	var text: String = archive.read_file(PARTS).get_string_from_utf8()
	if json.parse(text) == OK and json.data is Dictionary:
		parts = json.data
	archive.close()


## The names of the extras.
func extras() -> PackedStringArray:
	return PackedStringArray(RlRead.dict(parts, "extras").keys())


## Title, help, packages, download and disk of one.
func extra(name: String) -> Dictionary:
	return RlRead.dict(RlRead.dict(parts, "extras"), name)


## The same of a build of PyTorch.
func torch(build: String) -> Dictionary:
	return RlRead.dict(RlRead.dict(parts, "torch"), build)


## About how many bytes a selection takes: [param what] is "download" or "disk". The extras share
## nearly everything, so that the largest counts.
func size_of(chosen: PackedStringArray, build: String, what: String) -> int:
	var largest: int = 0
	for name: String in chosen:
		largest = maxi(largest, RlRead.integer(extra(name), what))
	if not chosen.is_empty():
		largest += RlRead.integer(torch(build), what)
	return largest + RlRead.integer(RlRead.dict(parts, "base"), what)


## About how many bytes of that are missing where the extras [param there] with the build
## [param there_torch] are installed.
func missing(
	chosen: PackedStringArray,
	build: String,
	there: PackedStringArray,
	there_torch: String,
	what: String
) -> int:
	var has_torch: bool = not there.is_empty() and build == there_torch
	var ours: int = size_of(there, build, what)
	if not has_torch:
		ours -= RlRead.integer(torch(build), what) if not there.is_empty() else 0
	return maxi(size_of(chosen, build, what) - ours, 0)


func _look_in(folder: String, wanted: String) -> void:
	if not DirAccess.dir_exists_absolute(folder):
		return
	for file: String in DirAccess.get_files_at(folder):
		if file.begins_with(BEGIN + wanted) and file.ends_with(".whl"):
			path = folder.path_join(file)
