@tool
extends RefCounted
## Saves all that is open before a run starts, as Godot's own Play does: scenes and scripts.

const SETTING: String = "run/auto_save/save_before_running"
const SAVE_ALL: String = "Save All"


## Saves everything that has a file, unless the user has Godot play without that.
static func save_all() -> void:
	if not EditorInterface.get_editor_settings().get_setting(SETTING):
		return
	_save_scripts()
	if not EditorInterface.is_playing_scene():
		if not EditorInterface.get_open_scenes().is_empty():
			EditorInterface.save_all_scenes()
	elif open_scene_path() != "":  # saving all would end the game that is played
		EditorInterface.save_scene()


## The file of the scene that is edited; "" if it was never saved, or none is.
static func open_scene_path() -> String:
	var root: Node = EditorInterface.get_edited_scene_root()
	return root.scene_file_path if root != null else ""


## There is no call for it: the item of the script editor's menu does it.
static func _save_scripts() -> void:
	var editor: ScriptEditor = EditorInterface.get_script_editor()
	for menu: Node in editor.find_children("*", "PopupMenu", true, false):
		var popup: PopupMenu = menu
		for index: int in popup.item_count:
			var shortcut: Shortcut = popup.get_item_shortcut(index)
			if shortcut != null and shortcut.resource_name == SAVE_ALL:
				popup.id_pressed.emit(popup.get_item_id(index))
				return
