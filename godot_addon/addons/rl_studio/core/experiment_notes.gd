@tool
extends RefCounted
## What the backend says about the settings of an experiment beside the form: what its overlay file
## sets, what stands in the way of a run, and what is hardly meant.

const RlFieldText := preload("field_text.gd")
const RlProblem := preload("problem.gd")
const RlRead := preload("read.gd")

## The overlay file; "" if there is none.
var overlay_file: String = ""
## What it sets; that wins over the form.
var overlay: Dictionary = {}
## Why no run could be started; "" if one could.
var problem: String = ""
## What stands in the way, as a message; null if nothing does.
var blocker: RlProblem
var warnings: PackedStringArray = []


func _init(answer: Dictionary = {}) -> void:
	overlay_file = RlRead.text(answer, "overlay_file")
	overlay = RlRead.dict(answer, "overlay")
	problem = RlRead.text(answer, "problem")
	if problem != "":
		blocker = RlProblem.new(problem)
	warnings = RlRead.texts(answer, "warnings")


## The overlay in a sentence; "" if there is none.
func overlay_text() -> String:
	if overlay.is_empty():
		return ""
	var names: PackedStringArray = PackedStringArray(overlay.keys())
	return "%s sets %s. It wins over the form." % [overlay_file.get_file(), ", ".join(names)]


## The values of the overlay, one a line, with the file.
func overlay_details() -> String:
	var lines: PackedStringArray = [overlay_file, ""]
	for key: Variant in overlay:
		lines.append("%s: %s" % [key, RlFieldText.write("json", overlay[key])])
	return "\n".join(lines)
