@tool
extends ConfirmationDialog
## Asks for the name of a new experiment.

signal name_entered(text: String)

const RlLook := preload("look.gd")

var _line: LineEdit = LineEdit.new()
var _note: Label = Label.new()
var _taken: PackedStringArray = []


func _init() -> void:
	title = "New Experiment"
	ok_button_text = "Create"
	var box: VBoxContainer = VBoxContainer.new()
	var label: Label = Label.new()
	label.text = "Name"
	box.add_child(label)
	box.add_child(_line)
	_note.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_note.modulate.a = 0.7
	box.add_child(_note)
	add_child(box)
	_line.max_length = 48
	_line.text_changed.connect(func(_text: String) -> void: _check())
	register_text_enter(_line)
	confirmed.connect(func() -> void: name_entered.emit(_line.text.strip_edges()))


## Opens the dialog; names in [param taken] are refused.
func ask(taken: PackedStringArray) -> void:
	_taken = taken
	_line.text = ""
	_check()
	popup_centered(Vector2i(RlLook.px(320), 0))
	_line.grab_focus()


func _check() -> void:
	var text: String = _line.text.strip_edges()
	_note.text = "It begins with the settings that are in the form now."
	if text in _taken:
		_note.text = "There is an experiment of this name."
	elif text != "" and not text.is_valid_filename():
		_note.text = "A file could not have this name."
	get_ok_button().disabled = text == "" or text in _taken or not text.is_valid_filename()
