@tool
extends HBoxContainer
## Edits one value of a form with the control that fits its type. Emits what the user entered, as
## it is; whether it is right is the model's business.

signal edited(value: Variant)

const FormField := preload("../core/form_field.gd")
const Look := preload("look.gd")

## Value and unit together; longer ones stand in the tooltip, for the dock is narrow.
const TEXT_LIMIT: int = 8
const AUTO_TIP: String = "The trainer finds the best number when it starts."

var _field: FormField
var _shown: Variant = null
var _is_showing: bool = false
var _check: CheckBox
var _auto: CheckBox
var _choice: OptionButton
var _spin: SpinBox
var _line: LineEdit


func _init(field: FormField) -> void:
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
			_make_spin_or_auto()
		_:
			_make_line()
	var editor: Control = get_child(0)
	editor.size_flags_horizontal = Control.SIZE_EXPAND_FILL


## Shows [param value]. Does not emit.
func show_value(value: Variant) -> void:
	_is_showing = true
	_shown = value
	if _check != null:
		_check.button_pressed = value == true
	elif _choice != null:
		_choice.select(_field.choices.find(value))
	elif _auto != null:
		_show_auto(value)
	elif _spin != null:
		_spin.value = type_convert(value, TYPE_FLOAT)
	else:
		_line.text = _field.to_text(value)
	_is_showing = false


## The control that takes the focus.
func get_editor() -> Control:
	return _spin.get_line_edit() if _spin != null else get_child(0) as Control


func _make_check() -> void:
	_check = CheckBox.new()
	_check.text = "On"
	_check.toggled.connect(func(on: bool) -> void: _emit(on))
	add_child(_check)


func _make_choice() -> void:
	_choice = OptionButton.new()
	_choice.clip_text = true
	_choice.fit_to_longest_item = false
	for choice: Variant in _field.choices:
		_choice.add_item(str(choice))
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


func _make_spin_or_auto() -> void:
	var flow: HFlowContainer = HFlowContainer.new()  # in a narrow dock the box goes below
	flow.add_theme_constant_override(&"v_separation", 0)
	add_child(flow)
	_make_spin(flow)
	_spin.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_auto = CheckBox.new()
	_auto.text = "Auto"
	_auto.tooltip_text = "%s\n\n%s" % [AUTO_TIP, _field.help]
	_auto.toggled.connect(
		func(on: bool) -> void: _emit(FormField.AUTO if on else roundi(_spin.value))
	)
	flow.add_child(_auto)


func _show_auto(value: Variant) -> void:
	_auto.button_pressed = FormField.is_auto(value)
	_spin.visible = not _auto.button_pressed
	if _spin.visible:
		_spin.value = type_convert(value, TYPE_FLOAT)


func _make_line() -> void:
	_line = LineEdit.new()
	_line.select_all_on_focus = true
	_line.expand_to_text_length = false
	if _field.is_nullable:
		_line.placeholder_text = "none"
	elif _field.type == "dict":
		_line.placeholder_text = "key=value, …"
	_line.text_submitted.connect(func(_text: String) -> void: _on_line_done())
	_line.focus_exited.connect(_on_line_done)
	add_child(_line)
	if _has_short_unit():
		var unit: Label = Label.new()
		unit.text = _field.unit
		unit.modulate.a = 0.6
		add_child(unit)


func _has_short_unit() -> bool:
	var usual: String = _field.to_text(_field.default)
	return _field.unit != "" and (usual + _field.unit).length() < TEXT_LIMIT


func _on_line_done() -> void:
	if _line.text != _field.to_text(_shown):
		_emit(_field.from_text(_line.text))


func _emit(value: Variant) -> void:
	if not _is_showing:
		edited.emit(value)
