@tool
extends Node
## Hears what [RLSync] and nobody else must hear. A node with a `_notification` of its own pays for
## it in every physics tick, which [RLSync] and agents cannot afford.

## The window is to be closed.
signal close_requested
## The scene was saved in the editor.
signal scene_saved


func _notification(what: int) -> void:
	match what:
		NOTIFICATION_WM_CLOSE_REQUEST:
			close_requested.emit()
		NOTIFICATION_EDITOR_POST_SAVE:
			scene_saved.emit()
