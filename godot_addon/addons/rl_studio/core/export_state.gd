@tool
extends RefCounted
## What the Export dock is at: which run and checkpoint are chosen, and how the export goes.

## Something changed; the dock draws everything anew.
signal changed

enum Phase { IDLE, RUNNING, DONE, FAILED }

const Problem := preload("problem.gd")
const Read := preload("read.gd")

var run_id: String = ""
## Checkpoints of that run, newest first, as the backend tells them.
var checkpoints: Array[Dictionary] = []
## Why the checkpoints are not known; "" if they are.
var list_error: String = ""
## Timesteps of the chosen checkpoint; -1 = the latest.
var chosen_timesteps: int = -1
var phase: Phase = Phase.IDLE
var export_id: String = ""
var message: String = ""
## What the export wrote, once DONE: a Dictionary for each of its [code]files[/code] (path, policy,
## proof, inputs, …).
var result: Dictionary = {}
var problem: Problem

var _imported: Dictionary[String, bool] = {}


## Turns to another run, of which nothing is known yet.
func choose_run(id: String) -> void:
	if id == run_id:
		return
	run_id = id
	checkpoints = []
	list_error = ""
	chosen_timesteps = -1
	changed.emit()


## Takes over the answer of run.checkpoints.
func set_checkpoints(list: Array[Dictionary], error: String = "") -> void:
	checkpoints = list
	list_error = error
	changed.emit()


## Chooses a checkpoint.
func choose_checkpoint(timesteps: int) -> void:
	chosen_timesteps = timesteps
	changed.emit()


## The chosen checkpoint (the newest, if none was chosen); empty if there is none.
func checkpoint() -> Dictionary:
	for candidate: Dictionary in checkpoints:
		if Read.integer(candidate, "timesteps") == chosen_timesteps:
			return candidate
	return checkpoints[0] if not checkpoints.is_empty() else {}


## An export was asked for.
func begin() -> void:
	phase = Phase.RUNNING
	export_id = ""
	message = "Starting…"
	result = {}
	problem = null
	_imported.clear()
	changed.emit()


## It came to its end: well ([param outcome]) or not ([param why]).
func finish(outcome: Dictionary, why: Problem = null) -> void:
	phase = Phase.DONE if why == null else Phase.FAILED
	result = outcome
	problem = why
	changed.emit()


## It goes on.
func report(text: String) -> void:
	message = text
	changed.emit()


## Godot has taken in one of the files.
func mark_imported(path: String) -> void:
	_imported[path] = true
	changed.emit()


## The files that the export wrote, as res:// paths.
func exported_paths() -> PackedStringArray:
	var paths: PackedStringArray = []
	for file: Dictionary in Read.dicts(result, "files"):
		paths.append(Read.text(file, "path"))
	return paths


## Whether Godot has imported all exported files and can load them.
func is_imported() -> bool:
	for path: String in exported_paths():
		if not _imported.has(path):
			return false
	return true
