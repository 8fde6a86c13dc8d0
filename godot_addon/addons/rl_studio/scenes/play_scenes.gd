@tool
extends RefCounted
## Finds the scenes of the project that a policy can be played in: those with an RLSync or a Sync,
## the likeliest first. Reads scene files as text; nothing is loaded.

const RlSceneOrder := preload("scene_order.gd")
const RlSceneText := preload("../checks/scene_text.gd")

## The Sync of ours, and that of godot_rl_agents.
const SYNC_SCRIPTS: PackedStringArray = ["runtime/rl_sync.gd", "godot_rl_agents/sync.gd"]


## Scenes for [param policies] (their names), which were trained in [param training_scene], the best
## first.
func find(policies: PackedStringArray, training_scene: String) -> PackedStringArray:
	var scenes: PackedStringArray = []
	_collect(EditorInterface.get_resource_filesystem().get_filesystem(), scenes)
	var main: String = ProjectSettings.get_setting("application/run/main_scene", "")
	return RlSceneOrder.new().sort(
		scenes,
		policies,
		RlSceneText.resolve(training_scene, training_scene),
		RlSceneText.resolve(main, main)
	)


func _collect(folder: EditorFileSystemDirectory, scenes: PackedStringArray) -> void:
	for index: int in folder.get_file_count():
		var path: String = folder.get_file_path(index)
		if folder.get_file_type(index) == &"PackedScene" and _has_sync(path):
			scenes.append(path)
	for index: int in folder.get_subdir_count():
		_collect(folder.get_subdir(index), scenes)


func _has_sync(scene: String) -> bool:
	for entry: String in ResourceLoader.get_dependencies(scene):
		# With a uid: "uid://…::type::path".
		var fallback: String = entry.get_slice("::", 2) if "::" in entry else entry
		var path: String = RlSceneText.resolve(entry.get_slice("::", 0), fallback)
		for script: String in SYNC_SCRIPTS:
			if path.ends_with(script):
				return true
	return false
