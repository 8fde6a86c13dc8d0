@tool
extends VBoxContainer
## Sets up the Python side of RL Studio: what is there, what can be installed, how
## it goes on, and what went wrong. Shown when there is no backend; else folded.

## The environment is ready, and the user wants it to be used.
signal environment_ready
## The user wants to point to an interpreter of his own.
signal choose_python_requested

const RlCarriedPackage := preload("carried_package.gd")
const RlEnvironmentUse := preload("environment_use.gd")
const RlFoldButton := preload("../ui/fold_button.gd")
const RlLook := preload("../ui/look.gd")
const RlMachineLook := preload("machine_look.gd")
const RlManagedEnvironment := preload("managed_environment.gd")
const RlProblem := preload("../core/problem.gd")
const RlPythonFinder := preload("../net/python_finder.gd")
const RlPythonInstall := preload("python_install.gd")
const RlRunState := preload("../core/run_state.gd")
const RlSetupChoices := preload("setup_choices.gd")
const RlSetupRun := preload("setup_run.gd")
const RlSetupWords := preload("setup_words.gd")
const RlStudioState := preload("../core/studio_state.gd")
const RlUvFetch := preload("uv_fetch.gd")

var _state: RlStudioState
var _data_dir: String = ""
var _package: RlCarriedPackage
var _environment: RlManagedEnvironment
var _use: RlEnvironmentUse
var _look: RlMachineLook
var _run: RlSetupRun
var _uv: RlUvFetch
## "set-up" or "remove", with options; what Retry does again.
var _words: PackedStringArray = []
var _problem: RlProblem
var _is_upgraded: bool = false
## What the buttons that change the environment do, as the scene says.
var _tips: Dictionary[Button, String] = {}

@onready var _header: RlFoldButton = %SetupHeader
@onready var _body: Control = %SetupBody
@onready var _status: Label = %SetupStatus
@onready var _choices: RlSetupChoices = %SetupChoices
@onready var _set_up: Button = %SetUp
@onready var _cancel: Button = %SetupCancel
@onready var _repair: Button = %SetupRepair
@onready var _remove: Button = %SetupRemove
@onready var _question: ConfirmationDialog = %SetupRemoveQuestion
@onready var _use_this: Button = %SetupUseThis
@onready var _use_other: Button = %SetupUseOther
@onready var _bar: ProgressBar = %SetupBar
@onready var _progress: Label = %SetupProgress
@onready var _problem_text: Label = %SetupProblem
@onready var _notes: Label = %SetupNotes
@onready var _log_fold: RlFoldButton = %SetupLogFold
@onready var _log: RichTextLabel = %SetupLog


func _ready() -> void:
	set_process(false)
	_header.set_target(_body)
	_log_fold.set_target(_log)
	_set_up.pressed.connect(func() -> void: _begin(_set_up_words()))
	_repair.pressed.connect(
		func() -> void: _begin(_set_up_words() + PackedStringArray(["--repair"]))
	)
	_remove.pressed.connect(_question.popup_centered)
	_question.confirmed.connect(func() -> void: _begin(["remove"]))
	_cancel.pressed.connect(_on_cancel_pressed)
	for button: Button in [_set_up, _repair, _remove]:
		_tips[button] = button.tooltip_text
	_use_this.pressed.connect(RlPythonFinder.forget_setting)
	_use_this.pressed.connect(func() -> void: environment_ready.emit())
	_use_other.pressed.connect(func() -> void: choose_python_requested.emit())
	_choices.changed.connect(_render)
	_header.toggled.connect(func(_on: bool) -> void: _look_around())
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()
	elif what == NOTIFICATION_PREDELETE:
		_stop_all()


## Begins to watch [param state]. Call it once, in the tree.
func setup(state: RlStudioState) -> void:
	_state = state
	_data_dir = RlPythonFinder.data_dir()
	_package = RlCarriedPackage.new(_data_dir)
	_environment = RlManagedEnvironment.new(_data_dir)
	_use = RlEnvironmentUse.new(_state)
	_choices.setup(_package, _environment)
	_state.connection_changed.connect(_on_connection_changed)
	_state.run_changed.connect(func(_changed: RlRunState) -> void: _render())
	if not RlPythonFinder.is_any_named(ProjectSettings.globalize_path("res://")):
		_header.button_pressed = true
	_render()


## Whether the user is shown how to set up.
func is_open() -> bool:
	return _header.button_pressed


func _process(_delta: float) -> void:
	var is_looking: bool = _look != null and not _look.poll()
	if _run != null:
		var is_over: bool = _run.poll()
		_show_run()
		if is_over:
			_on_run_over()
	if _run == null and not is_looking:
		set_process(false)


## Looks for Pythons and a GPU, once, when somebody looks here.
func _look_around() -> void:
	if _look != null or not _header.button_pressed or _package.path == "":
		return
	_look = RlMachineLook.new(_choices)
	_look.start(_data_dir)
	set_process(true)


func _set_up_words() -> PackedStringArray:
	return ["set-up", "--extras", ",".join(_choices.extras()), "--torch", _choices.torch()]


func _begin(words: PackedStringArray) -> void:
	_words = words
	_problem = null
	_notes.text = ""
	_log.clear()
	if words[0] == "set-up" and _choices.wants_uv():
		_bring_python()
		return
	var python: RlPythonInstall = _choices.python()
	_run = RlSetupRun.new()
	_run.start(python.path if python != null else _environment.python, _package.path, words)
	set_process(true)
	_render()


func _bring_python() -> void:
	_uv = RlUvFetch.new()
	add_child(_uv)
	_uv.progressed.connect(_show_progress)
	_uv.failed.connect(_on_uv_failed)
	_uv.finished.connect(_on_uv_finished)
	_uv.start(_data_dir)
	_render()


func _on_uv_failed(problem: RlProblem) -> void:
	_end_uv()
	_problem = problem
	_render()


## There is a Python now: look for it, then go on.
func _on_uv_finished() -> void:
	_end_uv()
	_show_progress(0.4, "Looking at the new Python")
	_look = RlMachineLook.new(_choices)
	_look.start(_data_dir)
	while not _look.poll():
		await get_tree().process_frame
	if _choices.wants_uv():
		_problem = RlProblem.new("uv brought a Python that does not suit.", "")
		_render()
	else:
		_begin(_words)


func _end_uv() -> void:
	if _uv != null:
		_uv.stop()
		_uv.queue_free()
		_uv = null


func _on_run_over() -> void:
	var run: RlSetupRun = _run
	_run = null
	_problem = run.problem
	_read_environment()
	if run.outcome == RlSetupRun.RlOutcome.DONE:
		# Where its parts came from is of interest no longer.
		_notes.text = RlSetupWords.notes_that_last(run.notes, _environment)
	_render()
	if run.outcome == RlSetupRun.RlOutcome.DONE and _words[0] == "set-up":
		environment_ready.emit()


func _read_environment() -> void:
	_environment = RlManagedEnvironment.new(_data_dir)
	_choices.show_environment(_environment)


func _on_cancel_pressed() -> void:
	if _run != null:
		_run.cancel()
	elif _uv != null:
		_end_uv()
		_render()


func _on_connection_changed() -> void:
	match _state.link:
		RlStudioState.RlLink.READY:
			if _run == null and not _is_upgraded:
				_header.button_pressed = false
		RlStudioState.RlLink.FAILED:
			if _state.link_problem != null and _state.link_problem.can_choose_python:
				_read_environment()
				_header.button_pressed = true
				_upgrade_if_older()
	_render()


## A newer addon brings the environment up to date by itself, once, and says so.
func _upgrade_if_older() -> void:
	if _run == null and not _is_upgraded and _environment.is_outdated():
		_is_upgraded = true
		_run = RlSetupRun.new()
		_words = ["set-up", "--extras", ",".join(_environment.extras)]
		_words.append_array(["--torch", _environment.torch])
		_run.start(_environment.python, _package.path, _words)
		set_process(true)


func _show_run() -> void:
	_show_progress(_run.fraction, _run.text)
	_notes.text = "\n".join(_run.notes)
	_notes.visible = _notes.text != ""
	for line: String in _run.new_lines:
		_log.add_text(line + "\n")
	_run.new_lines.clear()


func _show_progress(fraction: float, text: String) -> void:
	_bar.value = fraction
	_progress.text = text


func _render() -> void:
	if _package == null:
		return
	var is_busy: bool = _run != null or _uv != null
	var exists: bool = _environment.state != RlManagedEnvironment.RlState.ABSENT
	_status.text = RlSetupWords.status(_environment, _package)
	_status.text = "\n".join([_status.text, _use.text(_environment)]).strip_edges()
	_choices.visible = _package.path != ""
	_choices.set_locked(is_busy)
	_set_up.visible = not is_busy and _choices.visible
	_set_up.text = RlSetupWords.button(_environment, _package, _problem != null)
	_cancel.visible = is_busy
	_repair.visible = _set_up.visible and exists
	_remove.visible = _repair.visible
	_use_other.visible = not is_busy
	_use_this.visible = not is_busy and _use.can_change_to(_environment, _package.version)
	var blocker: String = _use.blocker(_environment)
	for button: Button in _tips:
		button.disabled = blocker != "" or (button == _set_up and not _choices.is_ready())
		button.tooltip_text = blocker if blocker != "" else _tips[button]
	_bar.visible = is_busy
	_progress.visible = is_busy
	_problem_text.visible = _problem != null
	_problem_text.text = _problem.to_text() if _problem != null else ""
	_notes.visible = _notes.text != ""
	_log_fold.visible = _log.get_total_character_count() > 0 or is_busy


func _stop_all() -> void:
	if _look != null:
		_look.stop()
	if _run != null:
		_run.cancel()


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	_choices.apply_theme()
	_problem_text.add_theme_color_override(&"font_color", RlLook.color(self, &"error_color"))
	_notes.add_theme_color_override(&"font_color", RlLook.color(self, &"warning_color"))
	RlLook.dim(_progress)
	_set_up.icon = RlLook.icon(self, &"AssetLib")
	_log.custom_minimum_size.y = RlLook.px(180)
	_log.add_theme_font_override(&"normal_font", get_theme_font(&"source", &"EditorFonts"))
	var size_px: int = roundi(get_theme_font_size(&"source_size", &"EditorFonts") * 0.85)
	_log.add_theme_font_size_override(&"normal_font_size", size_px)
