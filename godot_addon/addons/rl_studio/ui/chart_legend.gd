@tool
extends HFlowContainer
## Which colour is which curve. Hidden while there is but one.

const RlChartCurve := preload("chart_curve.gd")
const RlLook := preload("look.gd")

const SWATCH: float = 8.0

## What is drawn: title and colour of each entry.
var _shown: Dictionary[String, Color] = {}


func _init() -> void:
	add_theme_constant_override(&"h_separation", RlLook.px(12))
	add_theme_constant_override(&"v_separation", 0)


## Draws an entry for each title among [param curves].
func show_curves(curves: Array[RlChartCurve]) -> void:
	var entries: Dictionary[String, Color] = {}
	for curve: RlChartCurve in curves:
		entries[curve.title] = curve.color
	visible = entries.size() > 1
	if entries == _shown:
		return
	_shown = entries
	for child: Node in get_children():
		remove_child(child)
		child.queue_free()
	for title: String in entries:
		add_child(_make_entry(title, entries[title]))


func _make_entry(title: String, color: Color) -> Control:
	var entry: HBoxContainer = HBoxContainer.new()
	var swatch: ColorRect = ColorRect.new()
	swatch.color = color
	swatch.custom_minimum_size = Vector2(RlLook.px(SWATCH), RlLook.px(SWATCH))
	swatch.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	entry.add_child(swatch)
	var label: Label = Label.new()
	label.text = title
	label.add_theme_font_size_override(&"font_size", RlLook.small(self))
	label.add_theme_stylebox_override(&"normal", StyleBoxEmpty.new())
	entry.add_child(label)
	return entry
