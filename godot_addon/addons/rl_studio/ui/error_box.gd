@tool
extends MarginContainer
## Shows a problem: what happened, what helps and, unfolded, the last lines of the log. Hidden when
## there is none.

signal choose_python_requested
signal dismissed

const RlFoldButton := preload("fold_button.gd")
const RlLook := preload("look.gd")
const RlOpenPlace := preload("../scenes/open_place.gd")
const RlProblem := preload("../core/problem.gd")

## Whether the user may close it.
@export var is_dismissable: bool = false

var _problem: RlProblem
## The line of a script that the problem names, see OpenPlace; empty if it names none.
var _place: Dictionary = {}

@onready var _panel: PanelContainer = %Panel
@onready var _icon: TextureRect = %Icon
@onready var _message: Label = %Message
@onready var _hint: Label = %Hint
@onready var _fold: RlFoldButton = %Fold
@onready var _lines: Label = %Lines
@onready var _open: Button = %Open
@onready var _copy: Button = %Copy
@onready var _choose: Button = %Choose
@onready var _dismiss: Button = %Dismiss


func _ready() -> void:
	_fold.set_target(_lines)
	_open.pressed.connect(_on_open_pressed)
	_copy.pressed.connect(_on_copy_pressed)
	_choose.pressed.connect(func() -> void: choose_python_requested.emit())
	_dismiss.pressed.connect(func() -> void: dismissed.emit())
	_apply_theme()
	_render()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Shows [param problem]; null hides the box.
func show_problem(problem: RlProblem) -> void:
	var is_known: bool = problem == _problem
	_problem = problem
	if is_node_ready() and not is_known:
		_fold.button_pressed = false
	if is_node_ready():
		_render()


func _render() -> void:
	visible = _problem != null
	if _problem == null:
		return
	_message.text = _problem.message
	_hint.text = _problem.hint
	_hint.visible = _problem.hint != ""
	var lines: PackedStringArray = _problem.further_lines()
	_lines.text = "\n".join(lines)
	_fold.visible = not lines.is_empty()
	_fold.text = "Last line" if lines.size() == 1 else "Last %d lines" % lines.size()
	_place = RlOpenPlace.find(_problem.to_text())
	_open.visible = not _place.is_empty()
	if _open.visible:
		var file: String = _place["file"]
		_open.text = "%s:%d" % [file.get_file(), _place["line"]]
		_open.tooltip_text = "Open %s at line %d" % [file, _place["line"]]
	_choose.visible = _problem.can_choose_python
	_dismiss.visible = is_dismissable


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	var error_color: Color = RlLook.color(self, &"error_color")
	var box: StyleBoxFlat = StyleBoxFlat.new()
	box.bg_color = Color(error_color, 0.1)
	box.border_color = Color(error_color, 0.6)
	box.border_width_left = RlLook.px(3)
	box.set_corner_radius_all(RlLook.px(3))
	box.set_content_margin_all(RlLook.px(8))
	_panel.add_theme_stylebox_override(&"panel", box)
	_icon.texture = RlLook.icon(self, &"StatusError")
	_copy.icon = RlLook.icon(self, &"ActionCopy")
	_open.icon = RlLook.icon(self, &"Script")
	_choose.icon = RlLook.icon(self, &"Folder")
	_dismiss.icon = RlLook.icon(self, &"Close")
	RlLook.emphasize(_message)
	_lines.add_theme_font_override(&"font", get_theme_font(&"source", &"EditorFonts"))
	_lines.add_theme_font_size_override(
		&"font_size", roundi(get_theme_font_size(&"source_size", &"EditorFonts") * 0.85)
	)
	RlLook.dim(_lines)


func _on_open_pressed() -> void:
	var file: String = _place["file"]
	var line: int = _place["line"]
	RlOpenPlace.open(file, line)


func _on_copy_pressed() -> void:
	DisplayServer.clipboard_set(_problem.to_text())
