@tool
extends RefCounted
## What the next run begins with: nothing, a run that is to go on, or the policy of one. Nothing of
## it touches the experiment's form: a run that goes on has its own settings, in [member form].

## Another beginning, or more is known of it; everything is to be drawn anew.
signal changed
## The user turned to a run: its checkpoints and its settings are wanted.
signal run_wanted(run_id: String)

enum RlMode { NOTHING, RESUME, POLICY }

const RlFormat := preload("format.gd")
const RlFormModel := preload("form_model.gd")
const RlRead := preload("read.gd")

const LATEST: String = "latest"
const BEST: String = "best"
const TOTAL: String = "total_timesteps"

var mode: RlMode = RlMode.NOTHING
## The run to begin with; "" if none was chosen yet.
var run_id: String = ""
## Its checkpoints, newest first, as the backend tells them.
var checkpoints: Array[Dictionary] = []
## [constant LATEST], [constant BEST] or the timesteps of a checkpoint.
var which: Variant = LATEST
## The settings of that run; without fields until they are known.
var form: RlFormModel = RlFormModel.new()

## The run that was started with this choice and does not train yet; "" if there is none.
var _begun: String = ""
var _has_checkpoints: bool = false
## Why what is wanted of the run is not known; "" if it is.
var _load_error: String = ""


## Back to a beginning with nothing.
func reset() -> void:
	mode = RlMode.NOTHING
	_begun = ""
	_forget_run()
	changed.emit()


## The run [param id] was started with this choice, which stays until that trains.
func begin(id: String) -> void:
	_begun = id


## Notes how the run [param id] does: once it [param has_begun] the next one begins with nothing
## again; a run that failed before that leaves the choice as it was.
func note_run(id: String, has_begun: bool) -> void:
	if id == _begun and _begun != "" and has_begun:
		reset()


## Chooses what to begin with. The run stays the same, and so do the changes of its settings.
func choose_mode(new_mode: RlMode) -> void:
	if new_mode == mode:
		return
	_begun = ""
	mode = new_mode
	if mode != RlMode.NOTHING:
		_want_run()
	_make_room()
	changed.emit()


## Turns to another run, of which nothing is known yet.
func choose_run(id: String) -> void:
	if id == run_id:
		return
	_forget_run()
	run_id = id
	_want_run()
	changed.emit()


## Chooses a checkpoint, see [member which].
func choose_checkpoint(new_which: Variant) -> void:
	which = new_which
	_make_room()
	changed.emit()


## Takes over the answer of run.checkpoints.
func take_checkpoints(list: Array[Dictionary]) -> void:
	checkpoints = list
	_has_checkpoints = true
	_make_room()
	changed.emit()


## Takes over the answer of run.config: [param config] has all values of the run, [param schema]
## describes the fields of its trainer. What the user changed since an earlier answer stays.
func take_config(schema: Array[Dictionary], config: Dictionary) -> void:
	if not form.fields.is_empty():
		return
	form.load_form(_schema_of_run(schema, config), {})
	_make_room()
	changed.emit()


## What is wanted of the run could not be had.
func fail(why: String) -> void:
	_load_error = why
	changed.emit()


## The chosen checkpoint; empty if there is none.
func checkpoint() -> Dictionary:
	if checkpoints.is_empty():
		return {}
	for candidate: Dictionary in checkpoints:
		if which is String and which == BEST and RlRead.flag(candidate, "best"):
			return candidate
		if which is int and which == RlRead.integer(candidate, "timesteps"):
			return candidate
	return checkpoints[0]


## Why no run can begin like this; "" if it can.
func problem() -> String:
	if mode == RlMode.NOTHING:
		return ""
	var why: String = _load_error
	if run_id == "":
		why = "Choose the run to begin with."
	elif not _has_checkpoints or (mode == RlMode.RESUME and form.fields.is_empty()):
		why = why if why != "" else "That run is still being looked at. Try again in a moment."
	elif checkpoints.is_empty():
		why = "That run has no checkpoint. Choose another one."
	elif mode == RlMode.RESUME and form.has_errors():
		why = form.first_error()
	return why


## What is going to happen, in a sentence or two; "" if there is nothing to say.
func note() -> String:
	if mode == RlMode.NOTHING or run_id == "":
		return ""
	var steps: int = RlRead.integer(checkpoint(), "timesteps")
	if problem() != "":
		return "" if not _has_checkpoints else problem()
	if mode == RlMode.POLICY:
		return "Begins with that policy. Steps count from 0; layers of another size begin anew."
	return (
		"A new run goes on at %s steps with the settings of that run. Changes below are for it alone."
		% RlFormat.count(steps)
	)


## The parameters of run.start that say it; empty for a beginning with nothing.
func params() -> Dictionary:
	if mode == RlMode.NOTHING:
		return {}
	var chosen: Dictionary = {"run_id": run_id, "checkpoint": which}
	if mode == RlMode.POLICY:
		return {"init_from": chosen}
	return {"resume": chosen, "overrides": form.overrides()}


func _want_run() -> void:
	if run_id != "":
		_load_error = ""
		run_wanted.emit(run_id)


func _forget_run() -> void:
	run_id = ""
	checkpoints = []
	which = LATEST
	_has_checkpoints = false
	_load_error = ""
	form.load_form([], {})


## The fields with the values of the run as defaults: what is changed from them is changed for the
## new run. Its algorithm cannot be changed.
func _schema_of_run(schema: Array[Dictionary], config: Dictionary) -> Array[Dictionary]:
	var made: Array[Dictionary] = []
	for description: Dictionary in schema:
		var key: String = RlRead.text(description, "key")
		if not config.has(key):
			continue
		var own: Dictionary = description.duplicate()
		own["default"] = config[key]
		own["defaults"] = {}
		own["algorithms"] = null
		if key == RlFormModel.ALGORITHM:
			own["choices"] = [config[key]]
		made.append(own)
	return made


## A run that had done all its steps goes on for as many again, unless the user said how many.
func _make_room() -> void:
	var done: int = RlRead.integer(checkpoint(), "timesteps")
	var usual: Variant = form.default_of(TOTAL)
	if mode != RlMode.RESUME or done == 0 or not usual is int or not form.value(TOTAL) is int:
		return
	var total: int = form.value(TOTAL)
	var planned: int = usual
	if total <= done:
		form.set_value(TOTAL, done + planned)
