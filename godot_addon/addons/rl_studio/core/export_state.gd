@tool
extends RefCounted
## What the Export dock is at: which run, checkpoint and policies are chosen, and how the export
## goes.

## Something changed; the dock draws everything anew.
signal changed

enum RlPhase { IDLE, RUNNING, DONE, FAILED }

const RlProblem := preload("problem.gd")
const RlRead := preload("read.gd")

var run_id: String = ""
## The user has chosen that run.
var is_run_chosen: bool = false
## Checkpoints of that run, newest first, as the backend tells them.
var checkpoints: Array[Dictionary] = []
## Why the checkpoints are not known; "" if they are.
var list_error: String = ""
## Timesteps of the chosen checkpoint; -1 = none was chosen.
var chosen_timesteps: int = -1
var phase: RlPhase = RlPhase.IDLE
var export_id: String = ""
## What the export does; how it ended, if it was cancelled.
var message: String = ""
## The user wants no more of it.
var is_cancelling: bool = false
## What the export wrote, once DONE: a Dictionary for each of its [code]files[/code] (path, policy,
## proof, inputs, …).
var result: Dictionary = {}
var problem: RlProblem

## Policies of the run that are not to be exported.
var _left_out: PackedStringArray = []
## By path, why Godot could not take the file in; "" if it could.
var _intakes: Dictionary[String, String] = {}


## Turns to another run, of which nothing is known yet. How an export of the one before has ended is
## forgotten; one that still goes on is not.
func choose_run(id: String) -> void:
	if id == run_id:
		return
	run_id = id
	checkpoints = []
	list_error = ""
	chosen_timesteps = -1
	_left_out = []
	if phase != RlPhase.RUNNING:
		phase = RlPhase.IDLE
		message = ""
		result = {}
		problem = null
	changed.emit()


## Whether to turn to the run [param id] unasked: where no run is shown, and later only if there is
## something to export and neither the user's choice nor what was exported goes with that.
func is_to_follow(id: String, has_checkpoints: bool) -> bool:
	if id == run_id or run_id == "":
		return id != run_id
	var has_choice: bool = is_run_chosen or chosen_timesteps != -1 or not _left_out.is_empty()
	return has_checkpoints and not has_choice and phase == RlPhase.IDLE


## Takes over the answer of run.checkpoints.
func set_checkpoints(list: Array[Dictionary], error: String = "") -> void:
	checkpoints = list
	list_error = error
	changed.emit()


## Chooses a checkpoint.
func choose_checkpoint(timesteps: int) -> void:
	chosen_timesteps = timesteps
	changed.emit()


## The chosen checkpoint; if none was chosen the best one, or the newest if none is known to be the
## best. Empty if there is none.
func checkpoint() -> Dictionary:
	for candidate: Dictionary in checkpoints:
		if RlRead.integer(candidate, "timesteps") == chosen_timesteps:
			return candidate
	for candidate: Dictionary in checkpoints:
		if RlRead.flag(candidate, "best"):
			return candidate
	return checkpoints[0] if not checkpoints.is_empty() else {}


## The policies of the chosen checkpoint.
func policies() -> PackedStringArray:
	return RlRead.texts(checkpoint(), "policies")


## Those of them that are to be exported.
func chosen_policies() -> PackedStringArray:
	var chosen: PackedStringArray = []
	for policy: String in policies():
		if policy not in _left_out:
			chosen.append(policy)
	return chosen


## Takes a policy among those to be exported, or leaves it out.
func choose_policy(policy: String, is_chosen: bool) -> void:
	if is_chosen == (policy not in _left_out):
		return
	if is_chosen:
		_left_out.remove_at(_left_out.find(policy))
	else:
		_left_out.append(policy)
	changed.emit()


## An export was asked for.
func begin() -> void:
	phase = RlPhase.RUNNING
	export_id = ""
	message = "Starting…"
	is_cancelling = false
	result = {}
	problem = null
	_intakes.clear()
	changed.emit()


## It came to its end: well ([param outcome]) or not ([param why]).
func finish(outcome: Dictionary, why: RlProblem = null) -> void:
	phase = RlPhase.DONE if why == null else RlPhase.FAILED
	message = ""
	result = outcome
	problem = why
	changed.emit()


## It was given up by the user.
func give_up() -> void:
	phase = RlPhase.IDLE
	message = "Cancelled. The project is as it was."
	changed.emit()


## It goes on.
func report(text: String) -> void:
	message = text
	changed.emit()


## The user wants no more of it.
func cancel() -> void:
	is_cancelling = true
	report("Cancelling…")


## Godot has taken in one of the files, or could not for the reason [param refusal].
func mark_imported(path: String, refusal: String = "") -> void:
	_intakes[path] = refusal
	changed.emit()


## The files that the export wrote: res:// paths by policy.
func exported_files() -> Dictionary[String, String]:
	var files: Dictionary[String, String] = {}
	for file: Dictionary in RlRead.dicts(result, "files"):
		files[RlRead.text(file, "policy")] = RlRead.text(file, "path")
	return files


## The run that they are of; "" without any.
func exported_run() -> String:
	return RlRead.text(result, "run")


## Whether Godot has imported all exported files and can load them.
func is_imported() -> bool:
	for path: String in exported_files().values():
		if _intakes.get(path, "?") != "":
			return false
	return true


## Why Godot cannot load the files, a line for each; "" if it can, or does not know yet.
func refusals() -> String:
	var lines: PackedStringArray = []
	for refusal: String in _intakes.values():
		if refusal != "":
			lines.append(refusal)
	return "\n".join(lines)
