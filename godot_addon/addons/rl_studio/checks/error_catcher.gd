extends Logger
## Takes the errors of scripts that the engine tells while it reads them. Needs Godot 4.5 or newer:
## nothing may load this file in an older one.

## The script that is read. Others that are read with it, for it loads them, are not listened to.
var path: String = ""
## Each has its text and its line.
var errors: Array[Dictionary] = []

var _thread: int = OS.get_thread_caller_id()


func _log_error(
	_function: String,
	file: String,
	line: int,
	code: String,
	rationale: String,
	_editor_notify: bool,
	error_type: int,
	_script_backtraces: Array[ScriptBacktrace]
) -> void:
	if error_type != ERROR_TYPE_SCRIPT or OS.get_thread_caller_id() != _thread:
		return
	if file != path:
		return
	errors.append({"line": line, "text": rationale if rationale != "" else code})


func _log_message(_message: String, _error: bool) -> void:
	pass
