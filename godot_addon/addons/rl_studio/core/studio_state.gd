@tool
extends RefCounted
## Everything the docks show: the connection, the trainers, the experiments and the runs. Changed by
## the services in net/, drawn by the docks; holds no node, socket or file.

signal connection_changed
## The list of experiments, the chosen one, or the list of trainers.
signal experiments_changed
## Runs came, or another one is the current one.
signal runs_changed
## What a run says of itself changed.
signal run_changed(run: RlRunState)
signal samples_added(run: RlRunState)
signal log_added(run: RlRunState)
## Something the user asked for did not work; null = the last such message is settled.
signal problem_changed

## What is to be told about the settings of the open experiment changed.
signal notes_changed

enum RlLink { OFFLINE, STARTING, CONNECTING, READY, LOST, FAILED }

const RlContinuation := preload("continuation.gd")
const RlExperimentNotes := preload("experiment_notes.gd")
const RlExportState := preload("export_state.gd")
const RlFindings := preload("findings.gd")
const RlFormModel := preload("form_model.gd")
const RlPresetChoice := preload("preset_choice.gd")
const RlProblem := preload("problem.gd")
const RlRead := preload("read.gd")
const RlRunState := preload("run_state.gd")

var link: RlLink = RlLink.OFFLINE
## What is being done about the connection.
var link_text: String = ""
## Why there is none, when [member link] is FAILED; may be null.
var link_problem: RlProblem
## The backend's answer to hello.
var backend: Dictionary = {}
## Trainers as the backend tells them: name, title, available, problem, hint, fields, presets.
var trainers: Array[Dictionary] = []
var experiments: PackedStringArray = []
var experiment: String = ""
var trainer: String = ""
var form: RlFormModel = RlFormModel.new()
var presets: RlPresetChoice = RlPresetChoice.new(form)
## What the next run begins with.
var continuation: RlContinuation = RlContinuation.new()
## What the backend says about the saved settings.
var notes: RlExperimentNotes = RlExperimentNotes.new()
## Newest first.
var runs: Array[RlRunState] = []
## The run the Train dock shows; null if there was none yet.
var current_run: RlRunState
## What went wrong with the last request of the user; null if nothing.
var problem: RlProblem
var export_state: RlExportState = RlExportState.new()
## What was found of the scene that the next run trains.
var findings: RlFindings = RlFindings.new()


## Changes the state of the connection.
func set_link(new_link: RlLink, text: String = "", why: RlProblem = null) -> void:
	link = new_link
	link_text = text
	link_problem = why
	connection_changed.emit()


## Whether requests can be sent.
func is_ready() -> bool:
	return link == RlLink.READY


## Takes over the names of all experiments.
func set_experiments(names: PackedStringArray) -> void:
	experiments = names
	experiments_changed.emit()


## Takes over the trainers the backend has.
func set_trainers(infos: Array[Dictionary]) -> void:
	trainers = infos
	experiments_changed.emit()


## Turns to an experiment: its name, its trainer and what differs from the trainer's defaults.
func open_experiment(name: String, trainer_name: String, overrides: Dictionary) -> void:
	experiment = name
	trainer = trainer_name
	if name not in experiments:
		experiments.append(name)
		experiments.sort()
	var info: Dictionary = trainer_info(trainer_name)
	presets.set_presets(RlRead.dicts(info, "presets"))
	form.load_form(RlRead.dicts(info, "fields"), overrides)
	experiments_changed.emit()


## Takes over what the backend says about the settings of the open experiment.
func set_notes(answer: Dictionary) -> void:
	notes = RlExperimentNotes.new(answer)
	notes_changed.emit()


## The form that Train starts with: the experiment's, or that of the run that is to go on.
func form_in_use() -> RlFormModel:
	return continuation.form if continuation.mode == RlContinuation.RlMode.RESUME else form


## The trainer that Train starts: the experiment's, or that of the run that is to go on.
func trainer_in_use() -> String:
	var resumed: RlRunState = run(continuation.run_id)
	if continuation.mode == RlContinuation.RlMode.RESUME and resumed != null:
		return resumed.trainer
	return trainer


## Where [param which] began, in words; "" if it began with nothing.
func origin_text(which: RlRunState) -> String:
	var parent: RlRunState = run(which.parent)
	return which.origin_text(parent.title() if parent != null else which.parent)


## The runs that the next one can begin with in [param mode], newest first.
func beginnings(mode: RlContinuation.RlMode) -> Array[RlRunState]:
	var fits: Callable = func(candidate: RlRunState) -> bool:
		if candidate.checkpoint_count == 0:
			return false
		if mode == RlContinuation.RlMode.POLICY:
			return candidate.trainer == trainer
		var can_resume: bool = RlRead.flag(trainer_info(candidate.trainer), "can_resume")
		return can_resume and not candidate.is_active()
	return runs.filter(fits)


## Chooses what the next run begins with, and the newest run that fits, unless one is chosen.
func begin_with(mode: RlContinuation.RlMode) -> void:
	continuation.choose_mode(mode)
	if mode == RlContinuation.RlMode.NOTHING:
		return
	var found: Array[RlRunState] = beginnings(mode)
	var is_chosen: Callable = func(candidate: RlRunState) -> bool:
		return candidate.id == continuation.run_id
	if not found.is_empty() and not found.any(is_chosen):
		continuation.choose_run(found[0].id)


## Adds samples to a run; those of an unknown run are dropped.
func add_samples(run_id: String, samples: Array[Dictionary]) -> void:
	var target: RlRunState = run(run_id)
	if target != null:
		target.add_samples(samples)
		samples_added.emit(target)


## Adds output to a run, from byte [param start] to byte [param end] of its log.
func add_log(run_id: String, start: int, end: int, text: String) -> void:
	var target: RlRunState = run(run_id)
	if target != null:
		target.add_log(start, end, text)
		log_added.emit(target)


## Shows or (null) takes away the message about the last request.
func set_problem(what: RlProblem) -> void:
	if problem != what:
		problem = what
		problem_changed.emit()


## The description of the trainer [param name]; empty if unknown.
func trainer_info(name: String) -> Dictionary:
	for info: Dictionary in trainers:
		if RlRead.text(info, "name") == name:
			return info
	return {}


## The run [param id]; null if unknown.
func run(id: String) -> RlRunState:
	for candidate: RlRunState in runs:
		if candidate.id == id:
			return candidate
	return null


## Takes over a RunInfo: of a known run, or of a new one.
func update_run(info: Dictionary) -> RlRunState:
	var found: RlRunState = run(RlRead.text(info, "id"))
	var is_new: bool = found == null
	if is_new:
		found = RlRunState.new()
	found.update(info)
	if is_new:
		runs.append(found)
		runs.sort_custom(func(a: RlRunState, b: RlRunState) -> bool: return a.started > b.started)
		runs_changed.emit()
	else:
		run_changed.emit(found)
	return found


## Turns the Train dock to [param which].
func set_current_run(which: RlRunState) -> void:
	if current_run != which:
		current_run = which
		runs_changed.emit()


## What is said to a user who closes the editor now; "" if there is nothing to know.
func closing_text() -> String:
	var active: RlRunState = active_run()
	if active == null:
		return ""
	return (
		"%s goes on training without the editor. Open the project again to watch or to stop it."
		% active.title()
	)


## The newest run that goes on; null if none does.
func active_run() -> RlRunState:
	for candidate: RlRunState in runs:
		if candidate.is_active():
			return candidate
	return null
