@tool
extends VBoxContainer
## One row of the form: name, editor, the button back to the default, and below it what is wrong.

signal edited(key: String, value: Variant)
signal revert_requested(key: String)

const RlFieldEditor := preload("field_editor.gd")
const RlFormField := preload("../core/form_field.gd")
const RlFormModel := preload("../core/form_model.gd")
const RlLook := preload("look.gd")

const EDITOR_WIDTH: float = 88.0

var field: RlFormField

var _label: Label = Label.new()
var _editor: RlFieldEditor
var _revert: Button = Button.new()
var _error: Label = Label.new()


func _init(shown_field: RlFormField) -> void:
	field = shown_field
	name = field.key.to_pascal_case()
	var line: HBoxContainer = HBoxContainer.new()
	_label.text = field.title
	_label.clip_text = true
	_label.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_label.mouse_filter = Control.MOUSE_FILTER_PASS
	_label.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	line.add_child(_label)
	_revert.flat = true
	_revert.pressed.connect(func() -> void: revert_requested.emit(field.key))
	line.add_child(_revert)
	_editor = RlFieldEditor.new(field)
	_editor.edited.connect(func(value: Variant) -> void: edited.emit(field.key, value))
	_editor.size_flags_stretch_ratio = 0.7
	line.add_child(_editor)
	add_child(line)
	_error.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_error.visible = false
	add_child(_error)


func _ready() -> void:
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Draws the field's value from [param model].
func show_value(model: RlFormModel) -> void:
	_editor.show_value(model.value(field.key), model.algorithm())
	_set_tooltips(field.to_phrase(model.default_of(field.key)))
	var is_changed: bool = model.is_changed(field.key)
	_revert.visible = is_changed
	_error.text = model.error(field.key)
	_error.visible = _error.text != ""
	_mark()


## Whether what is entered is wrong.
func has_error() -> bool:
	return _error.visible


func _mark() -> void:
	if _error.visible and not RlLook.is_edited(self):
		_label.add_theme_color_override(&"font_color", RlLook.color(self, &"error_color"))
	else:
		_label.remove_theme_color_override(&"font_color")


func _set_tooltips(default_text: String) -> void:
	var facts: PackedStringArray = ["Default: %s %s" % [default_text, field.unit]]
	if field.range_text() != "":
		facts.append("Allowed: %s" % field.range_text())
	var tip: String = "%s\n%s\n\n%s" % [field.title, field.help, "\n".join(facts)]
	_label.tooltip_text = tip
	_editor.get_editor().tooltip_text = tip
	_revert.tooltip_text = "Back to %s" % default_text


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	_editor.custom_minimum_size.x = RlLook.px(EDITOR_WIDTH)
	_revert.icon = RlLook.icon(self, &"ReloadSmall")
	_error.add_theme_color_override(&"font_color", RlLook.color(self, &"error_color"))
	_mark()
