@tool
extends VBoxContainer
## Where an export writes its files: proposes a path, lets the user choose another, and says what is
## wrong with it or what it replaces.

signal path_changed

const RlExportTarget := preload("../core/export_target.gd")
const RlHintLine := preload("hint_line.gd")
const RlLook := preload("look.gd")

var _policies: PackedStringArray = []
## The run that they are of.
var _run_id: String = ""
## The path that was proposed last; another one in the line is the user's own.
var _proposed: String = ""
var _dialog: EditorFileDialog

@onready var _path: LineEdit = %Path
@onready var _browse: Button = %Browse
@onready var _hint: RlHintLine = %PathHint


func _ready() -> void:
	_path.text_changed.connect(func(_text: String) -> void: _on_path_changed())
	_browse.pressed.connect(_on_browse_pressed)
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Proposes a path for [param policies] of the run [param run_id], unless the user has chosen one
## for it.
func show_policies(policies: PackedStringArray, run_id: String) -> void:
	if run_id != _run_id:
		_run_id = run_id
		_path.text = _proposed
	_policies = policies
	if not policies.is_empty():
		var proposal: String = RlExportTarget.propose(policies)
		if _path.text == _proposed:
			_path.text = proposal
		_proposed = proposal
	_render_hint()


## Whether the user has chosen a path.
func has_own_path() -> bool:
	return _path.text != _proposed


## The path that is chosen, with {policy} where a policy's name goes.
func get_path_text() -> String:
	return _path.text.strip_edges()


## Why nothing can be exported there, and what to do; "" if it can.
func find_problem() -> String:
	return RlExportTarget.problem(get_path_text(), _policies)


func _render_hint() -> void:
	_path.tooltip_text = _path.text
	var problem: String = find_problem()
	var present: PackedStringArray = []
	for file: String in RlExportTarget.files(get_path_text(), _policies):
		if problem == "" and FileAccess.file_exists(file):
			present.append(file.get_file())
	if not present.is_empty():
		problem = "Replaces %s for all who use it." % ", ".join(present)
	_hint.show_hint(problem)


func _apply_theme() -> void:
	if not RlLook.is_edited(self):
		_browse.icon = RlLook.icon(self, &"Folder")


func _on_path_changed() -> void:
	_render_hint()
	path_changed.emit()


func _on_browse_pressed() -> void:
	if _dialog == null:
		_dialog = EditorFileDialog.new()
		_dialog.file_mode = EditorFileDialog.FILE_MODE_SAVE_FILE
		_dialog.access = EditorFileDialog.ACCESS_RESOURCES
		_dialog.add_filter("*.onnx", "Policies")
		_dialog.file_selected.connect(_on_file_selected)
		add_child(_dialog)
	_dialog.current_file = get_path_text().get_file()
	_dialog.popup_file_dialog()


func _on_file_selected(path: String) -> void:
	_path.text = path
	_on_path_changed()
