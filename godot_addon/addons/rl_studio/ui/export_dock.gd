@tool
extends VBoxContainer
## The Export dock: choose a run and a checkpoint, write a policy file into the project, see the
## proof that it computes the same. Draws StudioState and its ExportState.

signal connect_requested
signal run_chosen(run_id: String)
signal refresh_requested
signal export_requested(path: String, policies: PackedStringArray, opset: int, ir_version: int)
signal cancel_requested
signal show_file_requested(path: String)

const CheckpointList := preload("checkpoint_list.gd")
const ErrorBox := preload("error_box.gd")
const ExportCard := preload("export_card.gd")
const ExportState := preload("../core/export_state.gd")
const FoldButton := preload("fold_button.gd")
const Format := preload("../core/format.gd")
const Look := preload("look.gd")
const Read := preload("../core/read.gd")
const RunState := preload("../core/run_state.gd")
const StudioState := preload("../core/studio_state.gd")

## Stands for all policies in the list of them.
const ALL: String = "All policies"
## Stands for a policy's name in a path.
const PLACEHOLDER: String = "{policy}"

var _state: StudioState
var _export: ExportState
var _run_ids: PackedStringArray = []
## The Train dock's run when it was looked at last; a new one becomes the choice here, too.
var _newest_id: String = ""
## The path that was proposed last; another one in the line is the user's own.
var _proposed: String = ""
var _dialog: EditorFileDialog

@onready var _empty: Label = %Empty
@onready var _connect: Button = %Connect
@onready var _body: Control = %Body
@onready var _runs: OptionButton = %Runs
@onready var _checkpoints: CheckpointList = %Checkpoints
@onready var _none: Label = %NoCheckpoints
@onready var _policy_row: Control = %PolicyRow
@onready var _policy: OptionButton = %Policy
@onready var _path: LineEdit = %Path
@onready var _browse: Button = %Browse
@onready var _fold: FoldButton = %Fold
@onready var _advanced: Control = %Advanced
@onready var _opset: SpinBox = %Opset
@onready var _ir_version: SpinBox = %IrVersion
@onready var _start: Button = %Start
@onready var _cancel: Button = %Cancel
@onready var _progress: ProgressBar = %Progress
@onready var _message: Label = %Message
@onready var _error: ErrorBox = %Error
@onready var _card: ExportCard = %Card


## Must be called before the dock enters the tree.
func setup(state: StudioState) -> void:
	_state = state
	_export = state.export_state


func _ready() -> void:
	if _state == null:
		return
	_fold.set_target(_advanced)
	_connect_widgets()
	_export.changed.connect(_render)
	_state.runs_changed.connect(_on_runs_changed)
	_state.run_changed.connect(func(_run: RunState) -> void: _render_runs())
	_state.connection_changed.connect(_render)
	visibility_changed.connect(_on_visibility_changed)
	_apply_theme()
	_on_runs_changed()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


func _connect_widgets() -> void:
	_connect.pressed.connect(func() -> void: connect_requested.emit())
	_runs.item_selected.connect(func(index: int) -> void: run_chosen.emit(_run_ids[index]))
	_checkpoints.checkpoint_chosen.connect(_export.choose_checkpoint)
	_policy.item_selected.connect(func(_index: int) -> void: _propose_path())
	_browse.pressed.connect(_on_browse_pressed)
	_start.pressed.connect(_on_start_pressed)
	_cancel.pressed.connect(func() -> void: cancel_requested.emit())
	_path.text_changed.connect(func(_text: String) -> void: _render_buttons())
	_card.show_file_requested.connect(func(path: String) -> void: show_file_requested.emit(path))


func _render() -> void:
	_empty.visible = _state.runs.is_empty()
	_body.visible = not _empty.visible
	_empty.text = "No runs yet. Train first; what was learned can be exported here."
	if not _state.is_ready():
		_empty.text = "Not connected: connect to see the runs of this project."
	_connect.visible = _state.link in [StudioState.Link.OFFLINE, StudioState.Link.FAILED]
	_render_runs()
	_checkpoints.show_checkpoints(_export.checkpoints, _export.checkpoint())
	_checkpoints.visible = not _export.checkpoints.is_empty()
	_none.visible = not _checkpoints.visible
	_none.text = _export.list_error
	if _export.list_error == "":
		_none.text = "This run has no checkpoint yet."
	_render_policies()
	_propose_path()
	_render_buttons()
	_render_outcome()


func _render_runs() -> void:
	var ids: PackedStringArray = []
	for index: int in _state.runs.size():
		var run: RunState = _state.runs[index]
		ids.append(run.id)
		var text: String = "%s · %s" % [run.title(), run.state_text().to_lower()]
		if index >= _runs.item_count:
			_runs.add_item(text)
		elif _runs.get_item_text(index) != text:
			_runs.set_item_text(index, text)
	while _runs.item_count > ids.size():
		_runs.remove_item(_runs.item_count - 1)
	_run_ids = ids
	_runs.select(ids.find(_export.run_id))


func _render_policies() -> void:
	var names: PackedStringArray = Read.texts(_export.checkpoint(), "policies")
	var chosen: String = _chosen_policy()
	_policy_row.visible = names.size() > 1
	if names.size() > 1:
		names.insert(0, ALL)
	_policy.clear()
	for policy: String in names:
		_policy.add_item(policy)
	if not names.is_empty():
		_policy.select(maxi(names.find(chosen), 0))


func _render_buttons() -> void:
	var is_running: bool = _export.phase == ExportState.Phase.RUNNING
	var path: String = _path.text.strip_edges()
	var has_path: bool = path.begins_with("res://") and path.ends_with(".onnx")
	_start.disabled = (
		is_running or not has_path or _export.checkpoint().is_empty() or not _state.is_ready()
	)
	_start.tooltip_text = "" if has_path else "The file has to be like res://policies/name.onnx"
	_cancel.visible = is_running
	_progress.visible = is_running
	_message.visible = is_running
	_message.text = _export.message


func _render_outcome() -> void:
	_error.show_problem(_export.problem if _export.phase == ExportState.Phase.FAILED else null)
	_card.visible = _export.phase == ExportState.Phase.DONE
	if _card.visible:
		_card.show_result(_export.result, _export.is_imported())


## The same proposal as that of the command line: the file is called after the policy.
func _propose_path() -> void:
	var policy: String = _chosen_policy().validate_filename()
	if policy.is_empty():
		return
	if _chosen_policy() == ALL:
		policy = PLACEHOLDER
	var proposal: String = "res://policies/%s.onnx" % policy
	if _path.text == _proposed:
		_path.text = proposal
	_proposed = proposal


func _chosen_policy() -> String:
	return _policy.get_item_text(_policy.selected) if _policy.selected >= 0 else ""


func _apply_theme() -> void:
	if Look.is_edited(self):
		return
	custom_minimum_size = Vector2(Look.px(200), Look.px(200))
	_empty.custom_minimum_size.x = Look.px(180)  # a hidden dock would let it wrap at each letter
	_checkpoints.custom_minimum_size.y = Look.px(140)
	_start.icon = Look.icon(self, &"MoveDown")
	_browse.icon = Look.icon(self, &"Folder")
	for label: Label in [_empty, _none, _message]:
		Look.dim(label)


func _on_visibility_changed() -> void:
	if is_visible_in_tree():
		refresh_requested.emit()


func _on_runs_changed() -> void:
	var newest: RunState = _state.current_run
	if newest != null and newest.id != _newest_id:
		_newest_id = newest.id
		run_chosen.emit(newest.id)
	_render()


func _on_start_pressed() -> void:
	var policies: PackedStringArray = []
	if _policy_row.visible and _chosen_policy() != ALL:
		policies.append(_chosen_policy())
	export_requested.emit(
		_path.text.strip_edges(), policies, int(_opset.value), int(_ir_version.value)
	)


func _on_browse_pressed() -> void:
	if _dialog == null:
		_dialog = EditorFileDialog.new()
		_dialog.file_mode = EditorFileDialog.FILE_MODE_SAVE_FILE
		_dialog.access = EditorFileDialog.ACCESS_RESOURCES
		_dialog.add_filter("*.onnx", "Policies")
		_dialog.file_selected.connect(_on_file_selected)
		add_child(_dialog)
	_dialog.current_file = _path.text.get_file()
	_dialog.popup_file_dialog()


func _on_file_selected(path: String) -> void:
	_path.text = path
	_render_buttons()
