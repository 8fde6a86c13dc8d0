@tool
extends EditorExportPlugin
## Decides what of the addon goes into exported games: the runtime, whole, and nothing of the editor
## part.

## What games need, relative to the addon; the licence goes along if somebody includes it.
const GAME_PARTS: PackedStringArray = ["icons/", "runtime/", "LICENSE"]
const STOCK_PLUGIN: String = "res://addons/godot_rl_agents"


func _get_name() -> String:
	# Export plugins run in the order of their names; after "GDScript" no script can be skipped.
	return "Addon RL Studio"


func _export_begin(
	_features: PackedStringArray, _is_debug: bool, _path: String, _flags: int
) -> void:
	# Godot does not follow preloads. If only chosen scenes are exported, it misses our scripts.
	var filter: EditorExportPreset.ExportFilter = get_export_preset().get_export_filter()
	var chosen: Array[EditorExportPreset.ExportFilter] = [
		EditorExportPreset.EXPORT_SELECTED_SCENES, EditorExportPreset.EXPORT_SELECTED_RESOURCES
	]
	if filter in chosen:
		_add_scripts(_addon_folder().path_join("runtime"))


func _export_file(path: String, _type: String, _features: PackedStringArray) -> void:
	var addon: String = _addon_folder() + "/"
	if path.get_extension() == "onnx" and DirAccess.dir_exists_absolute(STOCK_PLUGIN):
		# Its Sync looks for the file itself before it has it played.
		add_file(path, FileAccess.get_file_as_bytes(path), false)
	if not path.begins_with(addon):
		return
	var part: String = path.trim_prefix(addon)
	for game_part: String in GAME_PARTS:
		if part.begins_with(game_part):
			return
	skip()


func _add_scripts(folder: String) -> void:
	for file: String in DirAccess.get_files_at(folder):
		if file.get_extension() == "gd":
			var path: String = folder.path_join(file)
			add_file(path, FileAccess.get_file_as_bytes(path), false)
	for inner: String in DirAccess.get_directories_at(folder):
		_add_scripts(folder.path_join(inner))


func _addon_folder() -> String:
	var script: Script = get_script()
	return script.resource_path.get_base_dir().get_base_dir()
