@tool
extends RefCounted
## What a look at the scene to train found. Changed by TrainingCheck, drawn by the Train dock.

signal changed

const RlFinding := preload("../checks/finding.gd")

## The scene that was looked at, a res:// path; "" if none was yet, or there is none.
var scene: String = ""
## Errors first.
var items: Array[RlFinding] = []
## What is waited for before a run starts; "" while nothing is.
var waiting_for: String = ""


## Takes over what was found in [param looked_at].
func take(looked_at: String, found: Array[RlFinding]) -> void:
	scene = looked_at
	items = found.duplicate()
	waiting_for = ""
	changed.emit()


## Says what is waited for.
func wait_for(text: String) -> void:
	waiting_for = text
	changed.emit()


## Whether something was found with which no run is started without a word of the user.
func has_errors() -> bool:
	return items.any(func(finding: RlFinding) -> bool: return finding.is_error())


## Whether a run can be started at all: there is a scene.
func can_be_ignored() -> bool:
	return not items.any(
		func(finding: RlFinding) -> bool: return finding.code in ["no_scene", "scene_missing"]
	)
