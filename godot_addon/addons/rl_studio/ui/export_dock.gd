@tool
extends VBoxContainer
## The Export dock: choose a run and a checkpoint, write a policy file into the project, see the
## proof that it computes the same. Draws StudioState and its ExportState.

signal connect_requested
signal run_chosen(run_id: String)
signal refresh_requested
signal export_requested(path: String, opset: int, ir_version: int)
signal cancel_requested
signal show_file_requested(path: String)
## The exported files, paths by policy name, shall be given to agents.
signal assign_requested(files: Dictionary[String, String])
## They shall be seen at play.
signal play_requested(scene: String, files: Dictionary[String, String])

const RlCheckpointList := preload("checkpoint_list.gd")
const RlErrorBox := preload("error_box.gd")
const RlExportCard := preload("export_card.gd")
const RlExportState := preload("../core/export_state.gd")
const RlFoldButton := preload("fold_button.gd")
const RlLook := preload("look.gd")
const RlPlayScenes := preload("../scenes/play_scenes.gd")
const RlPolicyChecks := preload("policy_checks.gd")
const RlRunState := preload("../core/run_state.gd")
const RlRunTitles := preload("../core/run_titles.gd")
const RlStudioState := preload("../core/studio_state.gd")
const RlTargetPicker := preload("target_picker.gd")

var _state: RlStudioState
var _export: RlExportState
var _run_ids: PackedStringArray = []
## The export that was drawn last, and its run's scene.
var _shown_result: Dictionary = {}
var _training_scene: String = ""
var _was_imported: bool = false
## The scene that was started with what was exported last.
var _played_scene: String = ""
## What that game has told.
var _complaints: PackedStringArray = []

@onready var _empty: Label = %Empty
@onready var _connect: Button = %Connect
@onready var _scroll: ScrollContainer = %Scroll
@onready var _body: Control = %Body
@onready var _runs: OptionButton = %Runs
@onready var _checkpoints: RlCheckpointList = %Checkpoints
@onready var _none: Label = %NoCheckpoints
@onready var _policy_row: Control = %PolicyRow
@onready var _policies: RlPolicyChecks = %Policies
@onready var _target: RlTargetPicker = %Target
@onready var _fold: RlFoldButton = %Fold
@onready var _advanced: Control = %Advanced
@onready var _opset: SpinBox = %Opset
@onready var _ir_version: SpinBox = %IrVersion
@onready var _start: Button = %Start
@onready var _cancel: Button = %Cancel
@onready var _going: Control = %Going
@onready var _message: Label = %Message
@onready var _error: RlErrorBox = %Error
@onready var _card: RlExportCard = %Card


## Must be called before the dock enters the tree.
func setup(state: RlStudioState) -> void:
	_state = state
	_export = state.export_state


func _ready() -> void:
	if _state == null:
		return
	_fold.set_target(_advanced)
	_connect_widgets()
	_export.changed.connect(_render)
	_state.runs_changed.connect(_on_runs_changed)
	_state.run_changed.connect(_on_run_changed)
	_state.connection_changed.connect(_render)
	visibility_changed.connect(_on_visibility_changed)
	EditorInterface.get_resource_filesystem().filesystem_changed.connect(_find_scenes)
	_apply_theme()
	_on_runs_changed()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Says that [param count] nodes of [param scene] have got their policy.
func show_assigned(count: int, scene: String) -> void:
	var nodes: String = "1 node" if count == 1 else "%d nodes" % count
	_card.show_done("Assigned to %s of %s. Ctrl+Z takes it back." % [nodes, scene])
	_show_end()


## Says that [param scene] plays with the policies, or the [param problem] why not.
func show_played(scene: String, problem: String) -> void:
	_played_scene = scene if problem == "" else ""
	_complaints.clear()
	var started: String = "Started %s with what was exported." % scene.get_file()
	_card.show_done(started if problem == "" else problem)
	_show_end()


## Says the [param error] of the game that was started here: a policy does not play, or not well.
func show_complaint(error: String) -> void:
	if _played_scene == "" or EditorInterface.get_playing_scene() != _played_scene:
		return
	if error not in _complaints:
		_complaints.append(error)
	_card.show_done("Started %s, but: %s" % [_played_scene.get_file(), "\n".join(_complaints)])
	_show_end()


func _connect_widgets() -> void:
	_connect.pressed.connect(func() -> void: connect_requested.emit())
	_runs.item_selected.connect(_on_runs_item_selected)
	_checkpoints.checkpoint_chosen.connect(_export.choose_checkpoint)
	_policies.policy_toggled.connect(_export.choose_policy)
	_start.pressed.connect(_on_start_pressed)
	_cancel.pressed.connect(func() -> void: cancel_requested.emit())
	_target.path_changed.connect(_render_buttons)
	_card.show_file_requested.connect(func(path: String) -> void: show_file_requested.emit(path))
	_card.assign_requested.connect(_on_card_assign_requested)
	_card.play_requested.connect(_on_card_play_requested)


func _render() -> void:
	_empty.visible = _state.runs.is_empty()
	_body.visible = not _empty.visible
	_empty.text = "No runs yet. Train first; what was learned can be exported here."
	if not _state.is_ready():
		_empty.text = "Not connected: connect to see the runs of this project."
	_connect.visible = _state.link in [RlStudioState.RlLink.OFFLINE, RlStudioState.RlLink.FAILED]
	_render_runs()
	_checkpoints.show_checkpoints(_export.checkpoints, _export.checkpoint())
	_checkpoints.visible = not _export.checkpoints.is_empty()
	_none.visible = not _checkpoints.visible
	_none.text = _export.list_error
	if _export.list_error == "":
		_none.text = _describe_no_checkpoint()
	_render_policies()
	_render_buttons()
	_render_outcome()


func _render_runs() -> void:
	var ids: PackedStringArray = []
	for index: int in _state.runs.size():
		var run: RlRunState = _state.runs[index]
		ids.append(run.id)
		var text: String = (
			"%s · %s" % [RlRunTitles.title(run, _state.runs), run.state_text().to_lower()]
		)
		if index >= _runs.item_count:
			_runs.add_item(text)
		elif _runs.get_item_text(index) != text:
			_runs.set_item_text(index, text)
		_runs.set_item_tooltip(index, run.about())
	while _runs.item_count > ids.size():
		_runs.remove_item(_runs.item_count - 1)
	_run_ids = ids
	_runs.select(ids.find(_export.run_id))
	_runs.tooltip_text = _runs.get_item_tooltip(_runs.selected) if _runs.selected >= 0 else ""


func _describe_no_checkpoint() -> String:
	var run: RlRunState = _state.run(_export.run_id)
	if run == null or run.is_active():
		return "This run has no checkpoint yet."
	return "This run has no checkpoint: it ended before it saved one. Choose another run."


func _render_policies() -> void:
	var names: PackedStringArray = _export.policies()
	_policy_row.visible = names.size() > 1
	_policies.show_policies(names, _export.chosen_policies())
	_target.show_policies(_export.chosen_policies(), _export.run_id)
	_target.visible = not names.is_empty()


func _render_buttons() -> void:
	var is_running: bool = _export.phase == RlExportState.RlPhase.RUNNING
	var has_checkpoint: bool = not _export.checkpoint().is_empty()
	var problem: String = _target.find_problem()
	_start.disabled = is_running or problem != "" or not has_checkpoint or not _state.is_ready()
	_start.tooltip_text = problem
	_going.visible = is_running
	_cancel.disabled = _export.is_cancelling
	_message.visible = _export.message != ""
	_message.text = _export.message


func _render_outcome() -> void:
	_error.show_problem(_export.problem if _export.phase == RlExportState.RlPhase.FAILED else null)
	var is_done: bool = _export.phase == RlExportState.RlPhase.DONE
	_card.visible = is_done
	if not is_done:
		return
	var is_new: bool = _shown_result != _export.result
	if is_new:
		_shown_result = _export.result
		var run: RlRunState = _state.run(_export.exported_run())
		_training_scene = run.scene if run != null else ""
	_card.show_export(_export)
	if is_new:
		_find_scenes()
	if is_new or _was_imported != _export.is_imported():
		_show_end()
	_was_imported = _export.is_imported()


## Scenes come and go.
func _find_scenes() -> void:
	if _card.visible and is_visible_in_tree():
		var names: PackedStringArray = PackedStringArray(_export.exported_files().keys())
		_card.show_scenes(RlPlayScenes.new().find(names, _training_scene))


## Scrolls to what can be done with the files, or was done.
func _show_end() -> void:
	for _frame: int in 2:  # texts that wrap know their height late
		if is_inside_tree():
			await get_tree().process_frame
	if is_visible_in_tree():
		_scroll.ensure_control_visible(_card.end)


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	custom_minimum_size.y = RlLook.px(200)
	_empty.custom_minimum_size.x = RlLook.px(180)  # a hidden dock would let it wrap at each letter
	_checkpoints.custom_minimum_size.y = RlLook.px(140)
	_start.icon = RlLook.icon(self, &"MoveDown")
	for label: Label in [_empty, _none, _message]:
		RlLook.dim(label)


func _on_visibility_changed() -> void:
	if is_visible_in_tree():
		refresh_requested.emit()
		_find_scenes()


func _on_runs_changed() -> void:
	_follow()
	_render()


func _on_run_changed(_run: RlRunState) -> void:
	_follow()
	_render_runs()


func _on_runs_item_selected(index: int) -> void:
	_export.is_run_chosen = true
	run_chosen.emit(_run_ids[index])


## Turns to the Train dock's run, if that takes nothing away.
func _follow() -> void:
	var newest: RlRunState = _state.current_run
	if newest == null or _target.has_own_path():
		return
	if _export.is_to_follow(newest.id, newest.checkpoint_count > 0):
		run_chosen.emit(newest.id)


func _on_start_pressed() -> void:
	export_requested.emit(_target.get_path_text(), int(_opset.value), int(_ir_version.value))


func _on_card_assign_requested() -> void:
	assign_requested.emit(_export.exported_files())


func _on_card_play_requested(scene: String) -> void:
	play_requested.emit(scene, _export.exported_files())
