@tool
extends Control
## The line under the mouse with the values of all curves there. A layer of its own, so that moving
## the mouse does not draw the curves again.

const RlChartCurve := preload("chart_curve.gd")
const RlChartPlot := preload("chart_plot.gd")
const RlChartTip := preload("chart_tip.gd")
const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlMetric := preload("../core/metric.gd")
const RlSeries := preload("../core/series.gd")

## No name is longer than this in the box, in letters.
const LONGEST_NAME: int = 44

var _key: String = ""
var _unit: RlSeries.RlX = RlSeries.RlX.AGENT_STEPS
var _curves: Array[RlChartCurve] = []
var _span_x: Vector2 = Vector2(0.0, 1.0)
var _span_y: Vector2 = Vector2(0.0, 1.0)
var _x: float = NAN
var _tip: RlChartTip = RlChartTip.new()


func _init() -> void:
	add_child(_tip)


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


## Marks the points nearest to [param x]; NAN takes the marks away. With [param is_telling] a box
## beside the line tells the values.
func mark(x: float, is_telling: bool) -> void:
	if is_nan(x) or not is_telling:
		_tip.hide()
	if x != _x and not (is_nan(x) and is_nan(_x)):
		_x = x
		queue_redraw()
	if is_telling and not is_nan(x):
		_tell()


func _draw() -> void:
	if is_nan(_x) or size.x < 8.0 or size.y < 8.0:
		return
	var to_pixels: Transform2D = RlChartPlot.to_box(_span_x, _span_y, size)
	var text_color: Color = get_theme_color(&"font_color", &"Label")
	var at: float = (to_pixels * Vector2(_x, 0.0)).x
	draw_line(Vector2(at, 0.0), Vector2(at, size.y), Color(text_color, 0.4))
	for curve: RlChartCurve in _curves:
		var index: int = curve.nearest(_x)
		if index >= 0 and index < curve.smooth.size():
			draw_circle(to_pixels * curve.smooth[index], RlLook.px(3), curve.color)


## Only curves that have points there have a value.
func _tell() -> void:
	var lines: PackedStringArray = [_describe_x(_x)]
	var colors: PackedColorArray = [Color.TRANSPARENT]
	for curve: RlChartCurve in _curves:
		var at: int = curve.nearest(_x)
		if at >= 0 and at < curve.smooth.size():
			lines.append(_describe(curve, at))
			colors.append(curve.color)
	var place: Vector2 = RlChartPlot.to_box(_span_x, _span_y, size) * Vector2(_x, _span_y.y)
	_tip.tell(get_global_transform() * place, lines, colors)


func _describe_x(x: float) -> String:
	return RlFormat.duration(x) if _unit == RlSeries.RlX.SECONDS else "%s steps" % RlFormat.count(x)


func _describe(curve: RlChartCurve, at: int) -> String:
	var text: String = RlMetric.write(_key, curve.smooth[at].y)
	if curve.smooth != curve.raw:
		text += " (measured %s)" % RlMetric.write(_key, curve.raw[at].y)
	var title: String = curve.title
	if title.length() > LONGEST_NAME:
		title = title.left(LONGEST_NAME - 1) + "…"
	return "%s  %s" % [text, title]
