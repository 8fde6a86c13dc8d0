@tool
extends RefCounted
## The Python environment that Set up makes, as its own note says; see backend/rl_studio/setup.

enum RlState { ABSENT, INTERRUPTED, READY }

const RlCarriedPackage := preload("carried_package.gd")
const RlRead := preload("../core/read.gd")

var state: RlState = RlState.ABSENT
var folder: String = ""
var python: String = ""
var version: String = ""
var extras: PackedStringArray = []
var torch: String = ""
## The Python that it was made with.
var base: String = ""
## What the user is to know about it.
var notes: PackedStringArray = []

var _data_dir: String = ""


## Reads the one in [param data_dir].
func _init(data_dir: String) -> void:
	_data_dir = data_dir
	folder = data_dir.path_join("env")
	var is_windows: bool = OS.get_name() == "Windows"
	python = folder.path_join("Scripts/python.exe" if is_windows else "bin/python")
	var note: Dictionary = RlRead.json_file(folder.path_join("rl-studio.json"))
	version = RlRead.text(note, "version")
	extras = RlRead.texts(note, "extras")
	torch = RlRead.text(note, "torch")
	base = RlRead.text(note, "base")
	notes = RlRead.texts(note, "notes")
	if RlRead.text(note, "stage") == "ready" and FileAccess.file_exists(python):
		state = RlState.READY
	elif not note.is_empty() or DirAccess.dir_exists_absolute(folder):
		state = RlState.INTERRUPTED


## Whether it is good, and not older than [param wanted].
func fits(wanted: String) -> bool:
	return state == RlState.READY and version.naturalnocasecmp_to(wanted) >= 0


## Whether it is older than the package that the addon carries, which can bring it up to date.
func is_outdated() -> bool:
	var package: RlCarriedPackage = RlCarriedPackage.new(_data_dir)
	return state == RlState.READY and package.is_of_addon and not fits(package.version)
