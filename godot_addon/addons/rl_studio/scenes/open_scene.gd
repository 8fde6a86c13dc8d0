@tool
extends RefCounted
## What the editor has open, as far as policies care.

const RlPlayScenes := preload("play_scenes.gd")
const RlSceneChecks := preload("../runtime/scene_checks.gd")


## The file of the open scene; "" if none is open, or if it was never saved.
static func scene_path() -> String:
	var root: Node = EditorInterface.get_edited_scene_root()
	return root.scene_file_path if root != null else ""


## The scene to start to learn about agents with one of [param policies] for a name: the open one if
## it has an RLSync, else the likeliest of the project. "" if there is none.
static func find_probe_scene(policies: PackedStringArray) -> String:
	var root: Node = EditorInterface.get_edited_scene_root()
	if root != null and scene_path() != "" and not RlSceneChecks.find_syncs(root).is_empty():
		return scene_path()
	var scenes: PackedStringArray = RlPlayScenes.new().find(policies, "")
	return scenes[0] if not scenes.is_empty() else ""
