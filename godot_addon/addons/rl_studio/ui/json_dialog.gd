@tool
extends ConfirmationDialog
## Edits a value that has maps within maps, as JSON.

signal accepted(value: Variant)

const RlFormField := preload("../core/form_field.gd")
const RlLook := preload("look.gd")

var _field: RlFormField
var _help: Label = Label.new()
var _text: TextEdit = TextEdit.new()
var _note: Label = Label.new()


func _init(field: RlFormField) -> void:
	_field = field
	title = field.title
	var box: VBoxContainer = VBoxContainer.new()
	for label: Label in [_help, _note]:
		label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
		label.modulate.a = 0.7
	_help.text = field.help
	_text.size_flags_vertical = Control.SIZE_EXPAND_FILL
	_text.placeholder_text = '{"name": {"learning_rate": 0.0003}}'
	_text.text_changed.connect(_check)
	for part: Control in [_help, _text, _note]:
		box.add_child(part)
	add_child(box)
	confirmed.connect(func() -> void: accepted.emit(_field.from_text(_text.text)))


## Opens the dialog with [param value].
func edit(value: Variant) -> void:
	_text.text = _field.to_text(value)
	_check()
	popup_centered(Vector2i(RlLook.px(460), RlLook.px(320)))
	_text.grab_focus()


func _check() -> void:
	_note.text = _field.check(_field.from_text(_text.text))
	get_ok_button().disabled = _note.text != ""
