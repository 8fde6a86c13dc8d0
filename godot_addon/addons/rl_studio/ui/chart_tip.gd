@tool
extends PanelContainer
## The values under the mouse, above all charts: no edge of a chart cuts it, and it stays within the
## window.

const RlLook := preload("look.gd")

const SWATCH: float = 8.0

var _box: VBoxContainer = VBoxContainer.new()


func _init() -> void:
	top_level = true
	visible = false
	z_index = 10
	mouse_filter = Control.MOUSE_FILTER_IGNORE
	_box.add_theme_constant_override(&"separation", 0)
	add_child(_box)


## Shows [param lines] beside [param place], a point of the window; each line has a swatch of its
## colour, unless that is transparent.
func tell(place: Vector2, lines: PackedStringArray, colors: PackedColorArray) -> void:
	add_theme_stylebox_override(&"panel", get_theme_stylebox(&"panel", &"TooltipPanel"))
	for child: Node in _box.get_children():
		_box.remove_child(child)
		child.queue_free()
	for index: int in lines.size():
		_box.add_child(_make_line(lines[index], colors[index]))
	visible = true
	size = get_combined_minimum_size()
	var room: Vector2 = get_viewport_rect().size
	var gap: float = RlLook.px(8)
	var left: float = place.x + gap
	if left + size.x > room.x:
		left = place.x - gap - size.x
	global_position = Vector2(left, place.y).clamp(Vector2.ZERO, (room - size).max(Vector2.ZERO))


## What is told now, one a line; "" while nothing is.
func get_text() -> String:
	var lines: PackedStringArray = []
	for label: Label in find_children("*", "Label", true, false):
		lines.append(label.text)
	return "\n".join(lines) if visible else ""


func _make_line(text: String, color: Color) -> Control:
	var line: HBoxContainer = HBoxContainer.new()
	line.mouse_filter = Control.MOUSE_FILTER_IGNORE
	if color.a > 0.0:
		var swatch: ColorRect = ColorRect.new()
		swatch.color = color
		swatch.custom_minimum_size = Vector2.ONE * RlLook.px(SWATCH)
		swatch.size_flags_vertical = Control.SIZE_SHRINK_CENTER
		swatch.mouse_filter = Control.MOUSE_FILTER_IGNORE
		line.add_child(swatch)
	var label: Label = Label.new()
	label.text = text
	label.add_theme_color_override(&"font_color", get_theme_color(&"font_color", &"TooltipLabel"))
	label.add_theme_font_size_override(&"font_size", RlLook.small(self))
	label.add_theme_stylebox_override(&"normal", StyleBoxEmpty.new())
	line.add_child(label)
	return line
