@tool
extends HBoxContainer
## Edits one value of a form with the control that fits its type. Emits what the user entered, as
## it is; whether it is right is the model's business.

signal edited(value: Variant)

const RlFormField := preload("../core/form_field.gd")
const RlJsonDialog := preload("json_dialog.gd")
const RlLook := preload("look.gd")

## Value and unit together; longer ones stand in the tooltip, for the dock is narrow.
const TEXT_LIMIT: int = 8
const AUTO_TIP: String = "The trainer finds the best number when it starts."
const LIST_HINTS: Dictionary[String, String] = {
	"dict": "key=value, …", "string_list": "name, …", "int_list": "64, 64"
}

var _field: RlFormField
var _shown: Variant = null
var _is_showing: bool = false
var _check: CheckBox
var _auto: CheckBox
var _choice: OptionButton
var _spin: SpinBox
var _line: LineEdit
var _button: Button
var _dialog: RlJsonDialog


func _init(field: RlFormField) -> void:
	_field = field
	size_flags_horizontal = Control.SIZE_EXPAND_FILL
	match field.type:
		"bool":
			_make_check()
		"enum":
			_make_choice()
		"int" when not field.is_nullable:
			_make_spin(self)
		"int_or_auto":
			_make_auto(_make_spin)
		"float_or_auto":
			_make_auto(_make_line)
		"json":
			_make_button()
		_:
			_make_line(self)
	var editor: Control = get_child(0)
	editor.size_flags_horizontal = Control.SIZE_EXPAND_FILL


## Shows [param value], which is one with [param algorithm]. Does not emit.
func show_value(value: Variant, algorithm: String) -> void:
	_is_showing = true
	_shown = value
	if _auto != null:
		_auto.button_pressed = RlFormField.is_auto(value)
		_auto.visible = _auto.button_pressed or _field.may_be_auto(algorithm)
		_number_editor().visible = not _auto.button_pressed
	if _check != null:
		_check.button_pressed = value == true
	elif _choice != null:
		_choice.select(_field.choices.find(value))
	elif _button != null:
		_show_summary(value)
	elif not RlFormField.is_auto(value):
		_show_text(value)
	_is_showing = false


## The control that takes the focus.
func get_editor() -> Control:
	return _spin.get_line_edit() if _spin != null else get_child(0) as Control


func _show_text(value: Variant) -> void:
	if _spin != null:
		_spin.value = type_convert(value, TYPE_FLOAT)
	else:
		_line.text = _field.to_text(value)


func _show_summary(value: Variant) -> void:
	var names: PackedStringArray = []
	if value is Dictionary:
		var map: Dictionary = value
		names = PackedStringArray(map.keys())
	_button.text = ", ".join(names) if not names.is_empty() else "none"


func _make_check() -> void:
	_check = CheckBox.new()
	_check.text = "On"
	_check.toggled.connect(func(on: bool) -> void: _emit(on))
	add_child(_check)


func _make_choice() -> void:
	_choice = OptionButton.new()
	_choice.clip_text = true
	_choice.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_choice.fit_to_longest_item = false
	for choice: Variant in _field.choices:
		_choice.add_item(str(choice))
	_choice.disabled = _field.choices.size() < 2
	_choice.item_selected.connect(func(index: int) -> void: _emit(_field.choices[index]))
	add_child(_choice)


func _make_spin(parent: Container) -> void:
	_spin = SpinBox.new()
	_spin.rounded = true
	_spin.min_value = -1e12 if is_nan(_field.minimum) else _field.minimum
	_spin.max_value = 1e12 if is_nan(_field.maximum) else _field.maximum
	var usual: float = _field.default if _field.default is int else 0
	if usual >= 1000.0:
		_spin.custom_arrow_step = pow(10.0, floorf(log(usual) / log(10.0) + 1e-9) - 1.0)
	if _has_short_unit():
		_spin.suffix = _field.unit
	_spin.select_all_on_focus = true
	_spin.value_changed.connect(func(value: float) -> void: _emit(int(value)))
	parent.add_child(_spin)


## A number made by [param make_number], beside a box that leaves it to the trainer.
func _make_auto(make_number: Callable) -> void:
	var flow: HFlowContainer = HFlowContainer.new()  # in a narrow dock the box goes below
	flow.add_theme_constant_override(&"v_separation", 0)
	add_child(flow)
	make_number.call(flow)
	_number_editor().size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_auto = CheckBox.new()
	_auto.text = "Auto"
	_auto.tooltip_text = "%s\n\n%s" % [AUTO_TIP, _field.help]
	_auto.toggled.connect(func(on: bool) -> void: _emit(RlFormField.AUTO if on else _own_number()))
	flow.add_child(_auto)


func _number_editor() -> Control:
	return _spin if _spin != null else _line


## The number that was there before the choice was left to the trainer, or a first one.
func _own_number() -> Variant:
	if _spin != null:
		return roundi(_spin.value)
	var typed: Variant = _field.from_text(_line.text)
	if typed is float or typed is int:
		return typed
	return 0.0 if RlFormField.is_auto(_field.default) else _field.default


func _make_line(parent: Container) -> void:
	_line = LineEdit.new()
	_line.select_all_on_focus = true
	_line.expand_to_text_length = false
	_line.placeholder_text = "none" if _field.is_nullable else LIST_HINTS.get(_field.type, "")
	_line.text_submitted.connect(func(_text: String) -> void: _on_line_done())
	_line.focus_exited.connect(_on_line_done)
	parent.add_child(_line)
	if _has_short_unit():
		var unit: Label = Label.new()
		unit.text = _field.unit
		unit.modulate.a = 0.6
		parent.add_child(unit)


func _make_button() -> void:
	_button = Button.new()
	_button.clip_text = true
	_button.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_button.pressed.connect(_on_button_pressed)
	add_child(_button)


func _has_short_unit() -> bool:
	var usual: String = _field.to_text(_field.default)
	return _field.unit != "" and (usual + _field.unit).length() < TEXT_LIMIT


func _on_line_done() -> void:
	if _line.text != _field.to_text(_shown):
		_emit(_field.from_text(_line.text))


func _on_button_pressed() -> void:
	if _dialog == null:
		_dialog = RlJsonDialog.new(_field)
		_dialog.accepted.connect(_emit)
		add_child(_dialog)
	_dialog.edit(_shown)


func _emit(value: Variant) -> void:
	if not _is_showing:
		edited.emit(value)
