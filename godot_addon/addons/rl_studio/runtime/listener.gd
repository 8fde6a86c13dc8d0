@tool
extends Node
## Hears what [RLSync] and nobody else must hear. A node with a `_notification` of its own pays for
## it in every physics tick, which [RLSync] and agents cannot afford.

## The window is to be closed.
signal close_requested
## In the editor: something was done or undone, saved, imported, or done elsewhere in the meantime.
signal scene_changed


func _enter_tree() -> void:
	if Engine.is_editor_hint():
		_ask_editor(&"get_editor_undo_redo").connect(&"version_changed", scene_changed.emit)
		_ask_editor(&"get_resource_filesystem").connect(&"resources_reimported", _on_reimported)


func _exit_tree() -> void:
	if Engine.is_editor_hint():
		_ask_editor(&"get_editor_undo_redo").disconnect(&"version_changed", scene_changed.emit)
		_ask_editor(&"get_resource_filesystem").disconnect(&"resources_reimported", _on_reimported)


func _notification(what: int) -> void:
	match what:
		NOTIFICATION_WM_CLOSE_REQUEST:
			close_requested.emit()
		NOTIFICATION_EDITOR_POST_SAVE, NOTIFICATION_APPLICATION_FOCUS_IN:
			scene_changed.emit()


# By name: exported games have no class EditorInterface, and would not compile this.
func _ask_editor(getter: StringName) -> Object:
	return Engine.get_singleton(&"EditorInterface").call(getter)


func _on_reimported(_paths: PackedStringArray) -> void:
	scene_changed.emit()
