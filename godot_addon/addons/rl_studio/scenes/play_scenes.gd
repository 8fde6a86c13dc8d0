@tool
extends RefCounted
## Finds the scenes of the project that a policy can be played in: those with an RLSync or a Sync,
## the likeliest first. Reads scene files as text; nothing is loaded.

## The Sync of ours, and that of godot_rl_agents.
const SYNC_SCRIPTS: PackedStringArray = ["runtime/rl_sync.gd", "godot_rl_agents/sync.gd"]

## What was read of scenes, by path: the scenes within, and their text.
var _texts: Dictionary[String, String] = {}


## Scenes for [param policies] (their names), the best first. [param training_scene] comes late: it
## is made for many agents and no viewer.
func find(policies: PackedStringArray, training_scene: String) -> PackedStringArray:
	var ranks: Dictionary[String, int] = {}
	_collect(EditorInterface.get_resource_filesystem().get_filesystem(), ranks)
	var main: String = ProjectSettings.get_setting("application/run/main_scene", "")
	main = _resolve(main)
	for scene: String in ranks:
		var rank: int = 4 if _mentions(scene, policies, []) else 0
		rank += 2 if scene != training_scene else 0
		ranks[scene] = rank + (1 if scene == main else 0)
	var scenes: Array[String] = ranks.keys()
	scenes.sort_custom(
		func(a: String, b: String) -> bool:
			return a < b if ranks[a] == ranks[b] else ranks[a] > ranks[b]
	)
	return PackedStringArray(scenes)


func _collect(folder: EditorFileSystemDirectory, ranks: Dictionary[String, int]) -> void:
	for index: int in folder.get_file_count():
		var path: String = folder.get_file_path(index)
		if folder.get_file_type(index) == &"PackedScene" and _has_sync(path):
			ranks[path] = 0
	for index: int in folder.get_subdir_count():
		_collect(folder.get_subdir(index), ranks)


func _has_sync(scene: String) -> bool:
	for path: String in _dependencies(scene):
		for script: String in SYNC_SCRIPTS:
			if path.ends_with(script):
				return true
	return false


## Whether the scene or one within it has an agent with one of these policy names.
func _mentions(scene: String, policies: PackedStringArray, seen: PackedStringArray) -> bool:
	if scene in seen:
		return false
	seen.append(scene)
	if not _texts.has(scene):
		_texts[scene] = FileAccess.get_file_as_string(scene)
	for policy: String in policies:
		if 'policy_name = "%s"' % policy.c_escape() in _texts[scene]:
			return true
	for path: String in _dependencies(scene):
		if path.get_extension() == "tscn" and _mentions(path, policies, seen):
			return true
	return false


func _dependencies(scene: String) -> PackedStringArray:
	var paths: PackedStringArray = []
	for entry: String in ResourceLoader.get_dependencies(scene):
		# With a uid: "uid://…::type::path".
		var fallback: String = entry.get_slice("::", 2) if "::" in entry else entry
		var own: String = _resolve(entry.get_slice("::", 0))
		paths.append(own if own.begins_with("res://") else fallback)
	return paths


func _resolve(path: String) -> String:
	if not path.begins_with("uid://"):
		return path
	var id: int = ResourceUID.text_to_id(path)
	return ResourceUID.get_id_path(id) if ResourceUID.has_id(id) else ""
