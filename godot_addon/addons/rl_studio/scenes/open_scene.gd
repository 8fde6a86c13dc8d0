@tool
extends RefCounted
## What the editor has open, as far as policies care.

const RlPlayScenes := preload("play_scenes.gd")
const RlSceneChecks := preload("../runtime/scene_checks.gd")


## The file of the open scene; "" if none is open, or if it was never saved.
static func scene_path() -> String:
	var root: Node = EditorInterface.get_edited_scene_root()
	return root.scene_file_path if root != null else ""


## Has the triangles of the open scene's RLSync nodes say what is so now.
static func update_warnings() -> void:
	var root: Node = EditorInterface.get_edited_scene_root()
	if root == null:
		return
	for agent: Node in RlSceneChecks.find_agents(root):
		var script: Variant = agent.get_script()
		if script is GDScript:
			var written: GDScript = script
			_take_in(written)
	for sync: Node in RlSceneChecks.find_syncs(root):
		sync.update_configuration_warnings()


## Takes in what another program has changed of a script; Godot does so for the scripts that its
## script editor has open.
static func _take_in(script: GDScript) -> void:
	if script in EditorInterface.get_script_editor().get_open_scripts():
		return
	if script.resource_path.get_extension() != "gd":
		return  # within a scene
	var text: String = FileAccess.get_file_as_string(script.resource_path)
	if text != "" and text != script.source_code:
		script.source_code = text
		script.reload(true)


## The scene to start to learn about agents with one of [param policies] for a name: the open one if
## it has an RLSync, else the likeliest of the project. "" if there is none.
static func find_probe_scene(policies: PackedStringArray) -> String:
	var root: Node = EditorInterface.get_edited_scene_root()
	if root != null and scene_path() != "" and not RlSceneChecks.find_syncs(root).is_empty():
		return scene_path()
	var scenes: PackedStringArray = RlPlayScenes.new().find(policies, "")
	return scenes[0] if not scenes.is_empty() else ""
