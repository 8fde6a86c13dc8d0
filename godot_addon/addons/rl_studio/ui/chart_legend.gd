@tool
extends HFlowContainer
## Which colour is which curve. Hidden while there is but one.

const RlChartCurve := preload("chart_curve.gd")
const RlLook := preload("look.gd")

const SWATCH: float = 8.0
## No name is longer than this, in pixels at the editor's scale.
const WIDEST: float = 260.0

## What is drawn: title and colour of each entry.
var _shown: Dictionary[String, Color] = {}


func _init() -> void:
	add_theme_constant_override(&"h_separation", RlLook.px(12))
	add_theme_constant_override(&"v_separation", 0)


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED:
		_shown = {}  # made anew with the next curves


## Draws an entry for each title among [param curves].
func show_curves(curves: Array[RlChartCurve]) -> void:
	var entries: Dictionary[String, Color] = {}
	var marked: Dictionary[String, bool] = {}
	for curve: RlChartCurve in curves:
		entries[curve.title] = curve.color
		marked[curve.title] = curve.is_marked
	visible = entries.size() > 1
	if entries == _shown:
		return
	_shown = entries
	for child: Node in get_children():
		remove_child(child)
		child.queue_free()
	for title: String in entries:
		add_child(_make_entry(title, entries[title], marked[title]))


## A square for a curve, a ring for evaluations.
func _make_entry(title: String, color: Color, is_marked: bool) -> Control:
	var entry: HBoxContainer = HBoxContainer.new()
	var swatch: Panel = Panel.new()
	var box: StyleBoxFlat = StyleBoxFlat.new()
	box.bg_color = color
	if is_marked:
		box.draw_center = false
		box.border_color = color
		box.set_border_width_all(RlLook.px(1.5))
		box.set_corner_radius_all(RlLook.px(SWATCH * 0.5))
	swatch.add_theme_stylebox_override(&"panel", box)
	swatch.custom_minimum_size = Vector2(RlLook.px(SWATCH), RlLook.px(SWATCH))
	swatch.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	entry.add_child(swatch)
	var label: Label = Label.new()
	label.text = title
	label.tooltip_text = title
	label.mouse_filter = Control.MOUSE_FILTER_PASS
	label.add_theme_font_size_override(&"font_size", RlLook.small(self))
	label.add_theme_stylebox_override(&"normal", StyleBoxEmpty.new())
	entry.add_child(label)
	var width: float = label.get_theme_font(&"font", &"Label").get_string_size(title).x
	if width > RlLook.px(WIDEST):
		label.clip_text = true
		label.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
		label.custom_minimum_size.x = RlLook.px(WIDEST)
	return entry
