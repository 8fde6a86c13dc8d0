@tool
extends Control
## The line under the mouse with the values of all curves there. A layer of its own, so that moving
## the mouse does not draw the curves again.

const RlChartCurve := preload("chart_curve.gd")
const RlChartPlot := preload("chart_plot.gd")
const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlMetric := preload("../core/metric.gd")
const RlSeries := preload("../core/series.gd")

## From this width of the plot on, the names of curves are beside the values.
const WIDE: float = 300.0

var _key: String = ""
var _unit: RlSeries.RlX = RlSeries.RlX.AGENT_STEPS
var _curves: Array[RlChartCurve] = []
var _span_x: Vector2 = Vector2(0.0, 1.0)
var _span_y: Vector2 = Vector2(0.0, 1.0)
var _x: float = NAN


## Takes over what the chart shows.
func show_curves(
	key: String, x: RlSeries.RlX, curves: Array[RlChartCurve], span_x: Vector2, span_y: Vector2
) -> void:
	_key = key
	_unit = x
	_curves = curves
	_span_x = span_x
	_span_y = span_y
	queue_redraw()


## Marks the points nearest to [param x]; NAN takes the marks away.
func mark(x: float) -> void:
	if x != _x and not (is_nan(x) and is_nan(_x)):
		_x = x
		queue_redraw()


func _draw() -> void:
	if is_nan(_x) or size.x < 8.0 or size.y < 8.0:
		return
	var to_pixels: Transform2D = RlChartPlot.to_box(_span_x, _span_y, size)
	var anchor: Vector2 = to_pixels * Vector2(_x, _span_y.x)
	var lines: PackedStringArray = []
	var colors: PackedColorArray = []
	for curve: RlChartCurve in _curves:
		var at: int = curve.nearest(_x)
		if at < 0 or at >= curve.smooth.size():
			continue
		var point: Vector2 = to_pixels * curve.smooth[at]
		if lines.is_empty():
			anchor = point
			lines.append(_describe_x(curve.raw[at].x))
			colors.append(RlLook.faded(self))
		draw_circle(point, RlLook.px(3), curve.color)
		lines.append(_describe(curve, at))
		colors.append(curve.color)
	var text_color: Color = get_theme_color(&"font_color", &"Label")
	draw_line(Vector2(anchor.x, 0.0), Vector2(anchor.x, size.y), Color(text_color, 0.4))
	_draw_box(anchor, lines, colors)


func _describe_x(x: float) -> String:
	return RlFormat.duration(x) if _unit == RlSeries.RlX.SECONDS else "%s steps" % RlFormat.count(x)


func _describe(curve: RlChartCurve, at: int) -> String:
	var text: String = RlMetric.write(_key, curve.smooth[at].y)
	if _curves.size() > 1:
		# The colour tells which it is; the name only fits where there is room.
		return "%s  %s" % [text, curve.title] if size.x >= RlLook.px(WIDE) else text
	if curve.smooth != curve.raw:
		text += " (%s)" % RlMetric.write(_key, curve.raw[at].y)
	return text


func _draw_box(anchor: Vector2, lines: PackedStringArray, colors: PackedColorArray) -> void:
	var font: Font = get_theme_font(&"font", &"Label")
	var text_size: int = RlLook.small(self)
	var pad: float = RlLook.px(5)
	var line_height: float = font.get_height(text_size)
	var box: Rect2 = Rect2(Vector2.ZERO, Vector2(0.0, lines.size() * line_height + pad))
	for line: String in lines:
		box.size.x = maxf(box.size.x, font.get_string_size(line, 0, -1, text_size).x + pad * 2.0)
	box.position.x = anchor.x + pad
	if box.end.x > size.x:
		box.position.x = anchor.x - pad - box.size.x
	if anchor.y < size.y * 0.5:
		box.position.y = size.y - box.size.y  # away from the curve
	box.position.x = clampf(box.position.x, 0.0, maxf(size.x - box.size.x, 0.0))
	draw_style_box(get_theme_stylebox(&"panel", &"TooltipPanel"), box)
	for index: int in lines.size():
		var at: Vector2 = box.position + Vector2(pad, pad * 0.5 + index * line_height)
		at.y += font.get_ascent(text_size)
		var color: Color = colors[index]
		draw_string(font, at, lines[index], HORIZONTAL_ALIGNMENT_LEFT, -1, text_size, color)
