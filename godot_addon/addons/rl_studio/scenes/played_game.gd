@tool
extends EditorDebuggerPlugin
## Hears from the game that the editor plays, by the debugger: what keeps policies from playing.

## The game told [param error], see [code]complain[/code] of its notices.
signal complained(error: String)

const RlNotices := preload("../runtime/notices.gd")


func _has_capture(capture: String) -> bool:
	return capture == RlNotices.DEBUGGER


func _capture(_message: String, data: Array, _session_id: int) -> bool:
	complained.emit(str(data[0]) if not data.is_empty() else "")
	return true
