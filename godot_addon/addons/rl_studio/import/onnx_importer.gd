@tool
extends EditorImportPlugin
## Imports [code].onnx[/code] files as [RLPolicy], so that they can be dragged into the inspector
## and are part of an exported game.

const RlOnnxLoader := preload("onnx_loader.gd")

## Raise it when the stored data changes: Godot then imports every file again.
const FORMAT_VERSION: int = 2


func _get_importer_name() -> String:
	return "rl_studio.policy"


func _get_visible_name() -> String:
	return "RL Policy"


func _get_recognized_extensions() -> PackedStringArray:
	return ["onnx"]


func _get_save_extension() -> String:
	return "res"


func _get_resource_type() -> String:
	return "Resource"  # the name of a script class imports, but does not load


func _get_priority() -> float:
	return 1.0


func _get_import_order() -> int:
	return IMPORT_ORDER_DEFAULT


func _get_preset_count() -> int:
	return 0


func _get_preset_name(_preset_index: int) -> String:
	return ""


func _get_import_options(_path: String, _preset_index: int) -> Array[Dictionary]:
	return []


func _get_option_visibility(_path: String, _option: StringName, _options: Dictionary) -> bool:
	return true


func _get_format_version() -> int:
	return FORMAT_VERSION


func _can_import_threaded() -> bool:
	return false


func _import(
	source_file: String,
	save_path: String,
	_options: Dictionary,
	_platform_variants: Array[String],
	_gen_files: Array[String]
) -> Error:
	var loader: RlOnnxLoader = RlOnnxLoader.new()
	loader.load_file(source_file)
	if loader.policy == null:
		push_error("RL Studio: %s" % loader.problem)
		return ERR_PARSE_ERROR
	return ResourceSaver.save(loader.policy, "%s.%s" % [save_path, _get_save_extension()])
