@tool
extends HBoxContainer
## A line of advice or news with an icon: wraps, and is hidden while there is nothing to say.

const RlLook := preload("look.gd")

## Name of the editor's icon before the text.
@export var icon_name: StringName = &"NodeInfo"

var _icon: TextureRect = TextureRect.new()
var _label: Label = Label.new()


func _init() -> void:
	visible = false
	_icon.stretch_mode = TextureRect.STRETCH_KEEP_CENTERED
	_icon.size_flags_vertical = Control.SIZE_SHRINK_BEGIN
	add_child(_icon)
	_label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_label.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_label.mouse_filter = Control.MOUSE_FILTER_PASS
	add_child(_label)


func _ready() -> void:
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Shows [param text]; "" hides the line. More to read goes into [param tooltip].
func show_hint(text: String, tooltip: String = "") -> void:
	visible = text != ""
	_label.text = text
	_label.tooltip_text = tooltip


## What is said now.
func get_text() -> String:
	return _label.text if visible else ""


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	_icon.texture = RlLook.icon(self, icon_name)
	var margins: Vector2 = _label.get_theme_stylebox(&"normal").get_minimum_size()
	_icon.custom_minimum_size.y = _label.get_line_height() + margins.y  # beside the first line
