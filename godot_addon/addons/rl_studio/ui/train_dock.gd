@tool
extends VBoxContainer
## The Train dock: connection, experiment, settings, Train and Stop, and how the run goes. Draws
## StudioState; everything the user wants goes out as a signal.

signal connect_requested
signal python_chosen(path: String)
signal environment_wanted
signal train_requested
## The user wants a run although something was found.
signal train_anyway_requested
signal mend_requested(finding: RlFinding)
signal place_requested(finding: RlFinding)
signal stop_requested(run_id: String)
signal experiment_selected(experiment: String)
signal create_requested(experiment: String)
signal trainer_selected(trainer: String)
signal curves_requested
## The user wants a script for an agent.
signal agent_requested

const RlCappedScroll := preload("capped_scroll.gd")
const RlConfigForm := preload("config_form.gd")
const RlContinuation := preload("../core/continuation.gd")
const RlContinueBar := preload("continue_bar.gd")
const RlConnectionBar := preload("connection_bar.gd")
const RlErrorBox := preload("error_box.gd")
const RlFinding := preload("../checks/finding.gd")
const RlFindingList := preload("findings.gd")
const RlExperimentNotes := preload("../core/experiment_notes.gd")
const RlExperimentBar := preload("experiment_bar.gd")
const RlHintLine := preload("hint_line.gd")
const RlLogView := preload("log_view.gd")
const RlLook := preload("look.gd")
const RlPresetNote := preload("preset_note.gd")
const RlProblem := preload("../core/problem.gd")
const RlPythonDialog := preload("../setup/python_dialog.gd")
const RlRead := preload("../core/read.gd")
const RlRunDetails := preload("run_details.gd")
const RlRunPanel := preload("run_panel.gd")
const RlRunState := preload("../core/run_state.gd")
const RlSetupPanel := preload("../setup/setup_panel.gd")
const RlStudioState := preload("../core/studio_state.gd")

## How much of the dock's height messages and details of the run may take; the form has the rest.
const NEWS_SHARE: float = 0.4
## A dock of less height, in pixels at the editor's scale, says less of the run.
const SHORT: float = 420.0
const NEWS_SHARE_IF_SHORT: float = 0.25

var _state: RlStudioState
var _dialog: RlPythonDialog

@onready var _connection: RlConnectionBar = %Connection
@onready var _link_error: RlErrorBox = %LinkError
@onready var _trainer_error: RlErrorBox = %TrainerError
@onready var _notes_error: RlErrorBox = %NotesError
@onready var _experiment: RlExperimentBar = %ExperimentBar
@onready var _train: Button = %Train
@onready var _stop: Button = %Stop
@onready var _show_curves: Button = %ShowCurves
@onready var _scroll: ScrollContainer = %Scroll
@onready var _request_error: RlErrorBox = %RequestError
@onready var _run_panel: RlRunPanel = %RunPanel
@onready var _news: RlCappedScroll = %News
@onready var _findings: RlFindingList = %Findings
@onready var _run_error: RlErrorBox = %RunError
@onready var _run_details: RlRunDetails = %RunDetails
@onready var _preset_note: RlPresetNote = %PresetNote
@onready var _continue: RlContinueBar = %ContinueBar
@onready var _overlay: RlHintLine = %Overlay
@onready var _warnings: RlHintLine = %SettingWarnings
@onready var _form: RlConfigForm = %Form
@onready var _new_agent: Button = %NewAgent
@onready var _log: RlLogView = %Log
@onready var _separator: Control = %Separator
@onready var _intro: Label = %Intro
@onready var _setup_panel: RlSetupPanel = %Setup
@onready var _throttle: Timer = %Throttle


## Must be called before the dock enters the tree.
func setup(state: RlStudioState) -> void:
	_state = state


func _ready() -> void:
	if _state == null:
		return  # opened as a scene in the editor
	_connect_widgets()
	_form.edited.connect(
		func(key: String, value: Variant) -> void: _state.form_in_use().set_value(key, value)
	)
	_form.revert_requested.connect(func(key: String) -> void: _state.form_in_use().revert(key))
	_state.connection_changed.connect(_render)
	_state.experiments_changed.connect(_render)
	_state.form.value_changed.connect(_on_form_value_changed)
	_state.presets.changed.connect(_on_presets_changed)
	_state.continuation.changed.connect(_render)
	_state.continuation.form.value_changed.connect(func(_key: String) -> void: _render_beginning())
	_state.notes_changed.connect(_render_notes)
	_state.findings.changed.connect(_on_findings_changed)
	_state.runs_changed.connect(_render)
	_state.problem_changed.connect(_on_problem_changed)
	_state.run_changed.connect(_on_run_touched)
	_state.log_added.connect(_on_run_touched)
	_apply_theme()
	_render()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


func _connect_widgets() -> void:
	_connection.connect_requested.connect(func() -> void: connect_requested.emit())
	for box: RlErrorBox in [_link_error, _request_error]:
		box.choose_python_requested.connect(_on_choose_python_requested)
	_request_error.dismissed.connect(func() -> void: _state.set_problem(null))
	_experiment.experiment_selected.connect(
		func(experiment: String) -> void: experiment_selected.emit(experiment)
	)
	_experiment.create_requested.connect(
		func(experiment: String) -> void: create_requested.emit(experiment)
	)
	_experiment.trainer_selected.connect(
		func(trainer: String) -> void: trainer_selected.emit(trainer)
	)
	_experiment.scene_chosen.connect(
		func(path: String) -> void: _state.form.set_value("scene", path)
	)
	_experiment.preset_chosen.connect(func(index: int) -> void: _state.presets.choose(index))
	_continue.mode_chosen.connect(_state.begin_with)
	_continue.run_chosen.connect(
		func(run: RlRunState) -> void: _state.continuation.choose_run(run.id)
	)
	_continue.checkpoint_chosen.connect(_state.continuation.choose_checkpoint)
	_preset_note.undo_requested.connect(func() -> void: _state.presets.undo())
	_findings.mend_requested.connect(func(finding: RlFinding) -> void: mend_requested.emit(finding))
	_findings.place_requested.connect(
		func(finding: RlFinding) -> void: place_requested.emit(finding)
	)
	_findings.ignored.connect(func() -> void: train_anyway_requested.emit())
	_run_details.log_requested.connect(_log.open)
	_train.pressed.connect(func() -> void: train_requested.emit())
	_setup_panel.environment_ready.connect(func() -> void: environment_wanted.emit())
	_setup_panel.choose_python_requested.connect(_on_choose_python_requested)
	_setup_panel.setup(_state)
	_stop.pressed.connect(_on_stop_pressed)
	_show_curves.pressed.connect(func() -> void: curves_requested.emit())
	_new_agent.pressed.connect(func() -> void: agent_requested.emit())
	_throttle.timeout.connect(_render_run)
	resized.connect(_fit)


func _render() -> void:
	_connection.show_state(_state)
	_experiment.show_state(_state)
	_render_beginning()
	_render_notes()
	_separator.visible = _state.experiment != ""
	var is_new: bool = _state.link == RlStudioState.RlLink.OFFLINE and _state.experiment == ""
	_intro.visible = is_new and not _setup_panel.is_open()
	_render_run()


## One message at a time, the one that stands in the way of the others first.
func _render_messages() -> void:
	var problems: Dictionary[RlErrorBox, RlProblem] = {
		_link_error: _state.link_problem,
		_request_error: _state.problem,
		_trainer_error: _trainer_problem(),
		_notes_error: null if _is_resuming() else _state.notes.blocker,
		_run_error: _state.current_run.problem if _state.current_run != null else null,
	}
	var is_told: bool = false
	for box: RlErrorBox in problems:
		box.show_problem(null if is_told else problems[box])
		is_told = is_told or problems[box] != null


func _render_beginning() -> void:
	var is_resuming: bool = _is_resuming()
	_continue.show_state(_state)
	_form.show_model(_state.form_in_use())
	_preset_note.show_choice(_state.presets)
	if is_resuming:
		_preset_note.visible = false
	_train.text = "Resume" if is_resuming else "Train"
	_train.tooltip_text = "Train with the settings below"
	if is_resuming:
		_train.tooltip_text = "Start a run that goes on where the chosen one was"


func _render_notes() -> void:
	var notes: RlExperimentNotes = _state.notes
	var warnings: PackedStringArray = []
	for warning: String in notes.warnings:
		warnings.append(_state.form.titled(warning))
	_warnings.show_hint("" if _is_resuming() else "\n".join(warnings))
	_overlay.show_hint("" if _is_resuming() else notes.overlay_text(), notes.overlay_details())
	_render_messages()


func _is_resuming() -> bool:
	return _state.continuation.mode == RlContinuation.RlMode.RESUME


func _render_run() -> void:
	var run: RlRunState = _state.current_run
	var is_active: bool = run != null and run.is_active()
	var is_busy: bool = (
		_state.link
		in [
			RlStudioState.RlLink.STARTING,
			RlStudioState.RlLink.CONNECTING,
			RlStudioState.RlLink.LOST
		]
	)
	is_busy = is_busy or _state.findings.waiting_for != ""
	_train.disabled = is_active or is_busy or _trainer_problem() != null
	_continue.show_state(_state)
	_stop.disabled = not is_active or run.state == "stopping" or not _state.is_ready()
	_stop.text = "Stopping…" if is_active and run.state == "stopping" else "Stop"
	_run_panel.show_run(run, _state.origin_text(run) if run != null else "")
	_run_details.show_run(run)
	_render_messages()
	_log.show_run(run)


func _trainer_problem() -> RlProblem:
	var info: Dictionary = _state.trainer_info(_state.trainer_in_use())
	if info.is_empty() or RlRead.flag(info, "available", true):
		return null
	return RlProblem.new(RlRead.text(info, "problem"), RlRead.text(info, "hint"))


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	custom_minimum_size.y = RlLook.px(200)
	_show_curves.icon = RlLook.icon(self, &"Curve")
	_new_agent.icon = RlLook.icon(self, &"ScriptCreate")
	_train.icon = RlLook.icon(self, &"Play")
	_stop.icon = RlLook.icon(self, &"Stop")
	RlLook.dim(_intro)


func _on_form_value_changed(key: String) -> void:
	if key == "scene":
		_experiment.show_scene()


func _on_findings_changed() -> void:
	_findings.show_findings(_state.findings)
	_render_run()


func _on_presets_changed() -> void:
	_experiment.show_preset()
	_render_beginning()


func _fit() -> void:
	var is_short: bool = size.y < RlLook.px(SHORT)
	_run_panel.set_brief(is_short)
	_news.limit_to(size.y * (NEWS_SHARE_IF_SHORT if is_short else NEWS_SHARE))


## A message about settings is of more use with the first of them in sight.
func _on_problem_changed() -> void:
	_render()
	if not is_inside_tree():
		return  # the editor is being closed
	await get_tree().process_frame
	if not is_inside_tree():
		return
	var row: Control = _form.first_wrong_row() if is_instance_valid(_form) else null
	if row != null and _state.problem != null:
		_scroll.ensure_control_visible(row)


func _on_run_touched(run: RlRunState) -> void:
	if run == _state.current_run and _throttle.is_stopped():
		_throttle.start(0.1)


func _on_stop_pressed() -> void:
	if _state.current_run != null:
		stop_requested.emit(_state.current_run.id)
		_render_run()


func _on_choose_python_requested() -> void:
	if _dialog == null:
		_dialog = RlPythonDialog.new()
		_dialog.file_selected.connect(func(path: String) -> void: python_chosen.emit(path))
		add_child(_dialog)
	_dialog.ask()
