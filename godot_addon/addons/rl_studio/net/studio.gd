@tool
extends Node
## What the user can have done: the one place the docks' wishes go to. Puts the connection and the
## services together, so that "train" also connects, saves the form and then starts.

## The file of an export is in the project.
signal exported(resource_path: String)
## All settings of a run are known: [method start] starts it when the project is ready, too.
signal run_wanted

const RlBackendClient := preload("backend_client.gd")
const RlContinuation := preload("../core/continuation.gd")
const RlExperimentService := preload("experiment_service.gd")
const RlExportService := preload("export_service.gd")
const RlProblem := preload("../core/problem.gd")
const RlPythonChoice := preload("python_choice.gd")
const RlPythonFinder := preload("python_finder.gd")
const RlRunService := preload("run_service.gd")
const RlRunState := preload("../core/run_state.gd")
const RlSession := preload("session.gd")
const RlStudioState := preload("../core/studio_state.gd")

const AUTOSAVE_S: float = 0.7

var experiments: RlExperimentService
var runs: RlRunService
var exports: RlExportService

var _state: RlStudioState
var _client: RlBackendClient = RlBackendClient.new()
var _session: RlSession = RlSession.new()
var _choice: RlPythonChoice = RlPythonChoice.new()
var _autosave: Timer = Timer.new()
var _is_train_pending: bool = false


## [param project_dir]: the folder with project.godot on disk.
func setup(state: RlStudioState, project_dir: String, addon_version: String) -> void:
	_state = state
	add_child(_client)
	add_child(_session)
	add_child(_choice)
	_choice.accepted.connect(_on_python_accepted)
	_choice.refused.connect(_session.tell)
	_session.setup(state, _client, project_dir, addon_version)
	experiments = RlExperimentService.new(state, _client)
	runs = RlRunService.new(state, _client)
	exports = RlExportService.new(state, _client)
	exports.exported.connect(func(path: String) -> void: exported.emit(path))
	_autosave.one_shot = true
	_autosave.wait_time = AUTOSAVE_S
	_autosave.timeout.connect(_on_autosave_timeout)
	add_child(_autosave)
	_session.greeted.connect(_on_session_greeted)
	state.connection_changed.connect(_on_connection_changed)
	state.form.loaded.connect(_on_form_loaded)
	state.form.value_changed.connect(_on_form_value_changed)
	state.run_changed.connect(_on_run_changed)
	runs.started.connect(func(_run: RlRunState) -> void: experiments.refresh_notes())


func _notification(what: int) -> void:
	if what == NOTIFICATION_APPLICATION_FOCUS_IN and _state != null:
		# A file beside the settings may have been mended elsewhere.
		if _state.notes.overlay_file != "" or _state.notes.problem != "":
			experiments.refresh_notes()


## The user wants a connection.
func connect_backend() -> void:
	_session.connect_backend()


## A dock is (not) on the screen.
func set_watching(watching: bool) -> void:
	_session.set_watching(watching)


## The user wants a run of the open experiment; connects first if need be.
func train() -> void:
	_state.set_problem(null)
	if not _state.is_ready():
		_is_train_pending = true
		connect_backend()
		return
	if _state.experiment == "":
		_is_train_pending = true  # its form is on the way
		return
	var problem: String = _state.continuation.problem()
	if problem != "":
		_state.set_problem(RlProblem.new(problem))
	else:
		run_wanted.emit()


## Starts the run that the user wanted.
func start() -> void:
	if _state.continuation.mode == RlContinuation.RlMode.RESUME:
		runs.start()
	else:
		_autosave.stop()
		experiments.save(_on_saved_before_training)


## Shows another run's checkpoints in the Export dock.
func choose_export_run(run_id: String) -> void:
	_state.export_state.choose_run(run_id)
	exports.load_checkpoints()


## From now on this Python is used, in every project, if it has rl_studio.
func use_python(path: String) -> void:
	_state.set_problem(null)
	_choice.look_at(path)


## The managed environment was set up: it is used, unless another Python is named explicitly.
func use_environment() -> void:
	_session.change_python()


## Closes the connection. What the user has typed is saved already, but for the last moment.
func shut_down() -> void:
	if not _autosave.is_stopped():
		_autosave.stop()
		_on_autosave_timeout()
	_session.shut_down()


func _on_python_accepted(path: String) -> void:
	EditorInterface.get_editor_settings().set_setting(RlPythonFinder.SETTING, path)
	_session.change_python()


func _on_session_greeted() -> void:
	experiments.reload()
	runs.resume()
	exports.load_checkpoints()


func _on_connection_changed() -> void:
	if _state.link == RlStudioState.RlLink.FAILED:
		_is_train_pending = false


func _on_form_loaded() -> void:
	if _is_train_pending:
		_is_train_pending = false
		# No deferred call: those must not show the progress of saving.
		await get_tree().process_frame
		if is_inside_tree():
			train()


func _on_form_value_changed(_key: String) -> void:
	_autosave.start()


func _on_autosave_timeout() -> void:
	if _state.is_ready():
		experiments.save(func(_ok: bool) -> void: pass)


func _on_saved_before_training(ok: bool) -> void:
	if ok:
		runs.start()
	elif _state.form.has_errors():
		_state.set_problem(_state.form.problem())


func _on_run_changed(run: RlRunState) -> void:
	var shown: bool = run.id == _state.export_state.run_id
	if shown and run.checkpoint_count != _state.export_state.checkpoints.size():
		exports.load_checkpoints()
