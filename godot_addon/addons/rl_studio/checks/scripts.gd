@tool
extends RefCounted
## The scripts of a project as far as a scene needs them: what they extend and load, and which of
## them the engine cannot read. What was found is kept until a text changes.

const RlSceneText := preload("scene_text.gd")
const RlScriptFacts := preload("script_facts.gd")
const RlScriptTrial := preload("script_trial.gd")

## Ours work; they need not be read.
const OURS: String = "res://addons/rl_studio/"

## Paths of the classes of the project by name.
var classes: Dictionary[String, String] = {}

var _facts: Dictionary[String, RlScriptFacts] = {}
var _needs: Dictionary[String, PackedStringArray] = {}
## By path, the errors found, and the text and what else counted then.
var _errors: Dictionary[String, Array] = {}
var _seen: Dictionary[String, int] = {}
var _trial: RlScriptTrial = RlScriptTrial.new()


## Begins a new look: texts are read again. [param reads_classes] where Godot has no list of them.
func refresh(reads_classes: bool) -> void:
	_facts.clear()
	_needs.clear()
	classes.clear()
	for entry: Dictionary in ProjectSettings.get_global_class_list():
		classes[str(entry["class"])] = str(entry["path"])
	if reads_classes:
		_collect_classes("res://")


## What the script at [param path] says; null if it is no GDScript or cannot be read.
func facts(path: String) -> RlScriptFacts:
	if not _facts.has(path):
		var text: String = _source(path)
		_facts[path] = RlScriptFacts.new(path.get_slice("::", 0), text) if text != "" else null
	return _facts[path]


## The paths of the script at [param path] and of all that it extends, as far as they are scripts of
## the project.
func lineage(path: String) -> PackedStringArray:
	var found: PackedStringArray = []
	while path != "" and path not in found:
		found.append(path)
		var said: RlScriptFacts = facts(path)
		path = _path_of(said.base) if said != null else ""
	return found


## Whether the script at [param path] or one that it extends is called by one of [param names].
func is_called(path: String, names: PackedStringArray) -> bool:
	for script: String in lineage(path):
		var said: RlScriptFacts = facts(script)
		if said != null and said.global_name in names:
			return true
	return false


## The scripts and scenes without which the script at [param path] cannot work.
func needs(path: String) -> PackedStringArray:
	if not _needs.has(path):
		_needs[path] = _find_needs(path)
	return _needs[path]


## The errors of each of [param paths] that has some, which must be all that they need. A script is
## left out if one that it needs has errors: those are to be mended first.
func errors_of(paths: PackedStringArray) -> Dictionary[String, Array]:
	_try_changed(paths)
	var broken: Dictionary[String, Array] = {}
	for path: String in paths:
		if not _errors[path].is_empty():
			broken[path] = _errors[path]
	var found: Dictionary[String, Array] = {}
	for path: String in broken:
		var is_first: bool = true
		for other: String in broken:
			if other != path and _reaches(path, other) and not _reaches(other, path):
				is_first = false
				break
		if is_first:
			found[path] = broken[path]
	return found


func _find_needs(path: String) -> PackedStringArray:
	var said: RlScriptFacts = facts(path)
	if said == null or path.begins_with(OURS):
		return []
	var found: Dictionary[String, bool] = {}
	for target: String in said.preloads:
		found[target] = true
	if said.base != "":
		found[_path_of(said.base)] = true
	for name: String in said.names:
		if classes.has(name):
			found[classes[name]] = true
	found.erase("")
	found.erase(path)
	return PackedStringArray(found.keys())


func _try_changed(paths: PackedStringArray) -> void:
	var changed: Dictionary[String, bool] = {}
	for path: String in paths:
		var state: int = _state(path)
		if not _errors.has(path) or _seen.get(path, 0) != state:
			changed[path] = true
		_seen[path] = state
	var count: int = -1
	while count != changed.size():
		count = changed.size()
		for path: String in paths:
			if not changed.has(path):
				for other: String in needs(path):
					if changed.has(other):
						changed[path] = true
						break
	for path: String in changed:
		var text: String = _source(path)
		_errors[path] = [] if path.begins_with(OURS) else _trial.read(path, text)


## Changes when the script reads otherwise, or what it names appears or goes.
func _state(path: String) -> int:
	var said: RlScriptFacts = facts(path)
	var state: Array = [said.text.hash() if said != null else 0]
	for other: String in needs(path):
		state.append([other, FileAccess.file_exists(other)])
	return hash(state)


func _reaches(from: String, to: String) -> bool:
	var seen: Dictionary[String, bool] = {from: true}
	var open: PackedStringArray = [from]
	while not open.is_empty():
		var path: String = open[-1]
		open.remove_at(open.size() - 1)
		for other: String in needs(path):
			if other == to:
				return true
			if not seen.has(other):
				seen[other] = true
				open.append(other)
	return false


func _path_of(base: String) -> String:
	if base.contains("://"):
		return base
	return classes.get(base.get_slice(".", 0), "")


static func _source(path: String) -> String:
	if "::" in path:
		return RlSceneText.new(path.get_slice("::", 0)).scripts.get(path.get_slice("::", 1), "")
	if path.get_extension() != "gd" or not FileAccess.file_exists(path):
		return ""
	return FileAccess.get_file_as_string(path)


func _collect_classes(folder: String) -> void:
	if FileAccess.file_exists(folder.path_join(".gdignore")):
		return
	for file: String in DirAccess.get_files_at(folder):
		if file.get_extension() == "gd":
			var path: String = folder.path_join(file)
			var said: RlScriptFacts = facts(path)
			if said != null and said.global_name != "":
				classes[said.global_name] = path
	for inner: String in DirAccess.get_directories_at(folder):
		if not inner.begins_with("."):
			_collect_classes(folder.path_join(inner))
