@tool
extends RefCounted
## Something that a look at a scene found before a training: what, where, and what mends it.

## An error keeps agents from being trained as far as files tell; a warning may be meant.
enum RlSeverity { ERROR, WARNING }
## What mends it with the press of a button in the editor.
enum RlFix { NONE, ADD_SYNC, ADD_AGENT, OPEN_SCRIPT, OPEN_SCENE, SAVE_SCENE, TRAIN_OPEN_SCENE }

var severity: RlSeverity = RlSeverity.ERROR
## Its kind, for programs.
var code: String = ""
## What is wrong, one sentence.
var message: String = ""
## The way out; may be empty.
var hint: String = ""
## The res:// path of the file that it is in; "" if it is in none.
var file: String = ""
## The line of the file, from 1; 0 if it is not known.
var line: int = 0
## The path of the node in its scene; "" if it is about none.
var node: String = ""
var fix: RlFix = RlFix.NONE


func _init(kind: String, what: String, way_out: String = "", mend: RlFix = RlFix.NONE) -> void:
	code = kind
	message = what
	hint = way_out
	fix = mend


## Says in which line of a file it is.
func at(path: String, number: int = 0) -> void:
	file = path
	line = number


## Whether nothing is to be started before it is mended.
func is_error() -> bool:
	return severity == RlSeverity.ERROR


## "res://agent.gd:12", "res://arena.tscn", or "".
func place() -> String:
	return "%s:%d" % [file, line] if line > 0 else file


## As it is told to other programs.
func to_dictionary() -> Dictionary:
	return {
		"severity": "error" if is_error() else "warning",
		"code": code,
		"message": message,
		"hint": hint,
		"file": file,
		"line": line,
		"node": node,
	}
