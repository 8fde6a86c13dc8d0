@tool
extends ConfirmationDialog
## Asks for the name of a new experiment, and checks it as it is typed.

signal name_entered(text: String)

const RlLook := preload("look.gd")
const RlExperimentName := preload("../core/experiment_name.gd")

const WIDTH: float = 320.0

var _line: LineEdit = LineEdit.new()
var _note: Label = Label.new()
var _taken: PackedStringArray = []


func _init() -> void:
	name = "NameDialog"
	title = "New Experiment"
	ok_button_text = "Create"
	var box: VBoxContainer = VBoxContainer.new()
	var label: Label = Label.new()
	label.text = "Name"
	box.add_child(label)
	_line.name = "Name"
	box.add_child(_line)
	_note.name = "Note"
	_note.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	# Wrapped text has no width before it is laid out, and would be as high as it has letters.
	_note.max_lines_visible = 2
	_note.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	box.add_child(_note)
	add_child(box)
	_line.max_length = RlExperimentName.LONGEST
	_line.text_changed.connect(func(_text: String) -> void: _check())
	register_text_enter(_line)
	confirmed.connect(func() -> void: name_entered.emit(_line.text.strip_edges()))


## Opens the dialog; names in [param taken] are refused.
func ask(taken: PackedStringArray) -> void:
	_taken = taken.duplicate()
	_line.text = ""
	_note.custom_minimum_size.x = RlLook.px(WIDTH)
	_note.custom_minimum_size.y = _note.get_line_height() * 2.0
	_check()
	reset_size()
	popup_centered_clamped(Vector2i(RlLook.px(WIDTH), 0))
	_line.grab_focus()


func _check() -> void:
	var text: String = _line.text.strip_edges()
	var problem: String = RlExperimentName.problem(text, _taken) if text != "" else ""
	_note.text = problem
	if problem == "":
		_note.text = "It begins with the settings that are in the form now."
	var is_wrong: bool = problem != ""
	var color: Color = RlLook.color(_line, &"error_color") if is_wrong else RlLook.faded(_line)
	_note.add_theme_color_override(&"font_color", color)
	get_ok_button().disabled = text == "" or is_wrong
