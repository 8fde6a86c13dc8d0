@tool
extends VBoxContainer
## The warnings of a run, each once, below a header that folds them away. One that names a line of a
## script has a link to it.

const RlFoldButton := preload("fold_button.gd")
const RlHintLine := preload("hint_line.gd")
const RlOpenPlace := preload("../scenes/open_place.gd")

var _head: RlFoldButton = RlFoldButton.new()
var _lines: VBoxContainer = VBoxContainer.new()
## What is drawn, not to draw it again.
var _shown: PackedStringArray = []


func _init() -> void:
	visible = false
	add_theme_constant_override(&"separation", 0)
	_head.name = "Head"
	_lines.name = "Lines"
	_head.button_pressed = true
	add_child(_head)
	add_child(_lines)
	_head.set_target(_lines)


## Draws [param warnings]; without any the list is hidden.
func show_warnings(warnings: PackedStringArray) -> void:
	visible = not warnings.is_empty()
	if warnings == _shown:
		return
	_shown = warnings
	_head.text = "1 warning" if warnings.size() == 1 else "%d warnings" % warnings.size()
	for child: Node in _lines.get_children():
		_lines.remove_child(child)
		child.queue_free()
	for warning: String in warnings:
		var line: RlHintLine = RlHintLine.new()
		line.icon_name = &"StatusWarning"
		_lines.add_child(line)
		line.show_hint(warning)
		var place: Dictionary = RlOpenPlace.find(warning)
		if not place.is_empty():
			var file: String = place["file"]
			var line_number: int = place["line"]
			_lines.add_child(_make_link(file, line_number))


## What is said now.
func get_texts() -> PackedStringArray:
	return _shown if visible else PackedStringArray()


func _make_link(file: String, line: int) -> LinkButton:
	var link: LinkButton = LinkButton.new()
	link.text = "Open %s:%d" % [file.get_file(), line]
	link.tooltip_text = file
	link.size_flags_horizontal = Control.SIZE_SHRINK_BEGIN
	link.pressed.connect(func() -> void: RlOpenPlace.open(file, line))
	return link
