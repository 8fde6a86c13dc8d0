@tool
extends RefCounted
## Something that went wrong, as the user is told: what, the way out, and the last lines of a log.

## What happened, with the value that was wrong.
var message: String = ""
## What to do about it; may be empty.
var hint: String = ""
## Last lines of the log that belongs to it; may be empty.
var lines: PackedStringArray = []
## Whether choosing another Python is a way out.
var can_choose_python: bool = false


func _init(what: String = "", way_out: String = "", log_lines: PackedStringArray = []) -> void:
	message = what
	hint = way_out
	lines = log_lines


## The last lines of the log without those that [member message] and [member hint] have said.
func further_lines() -> PackedStringArray:
	var said: PackedStringArray = "\n".join([message, hint]).split("\n")
	var further: PackedStringArray = []
	for line: String in lines:
		if line.strip_edges() != "" and line not in said:
			further.append(line)
	return further


## All of it as text, for the clipboard.
func to_text() -> String:
	var parts: PackedStringArray = [message]
	if hint != "":
		parts.append(hint)
	parts.append_array(lines)
	return "\n".join(parts)
