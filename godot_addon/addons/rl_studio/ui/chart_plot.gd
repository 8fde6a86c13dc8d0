@tool
extends Control
## The curves of a chart, clipped to the plot's box.

const RlAxis := preload("../core/axis.gd")
const RlChartCurve := preload("chart_curve.gd")
const RlLook := preload("look.gd")

const RAW_ALPHA: float = 0.3
const FINE_LIMIT: int = 1000
const MARK_RADIUS: float = 2.5
const DASH: float = 6.0
const BAND_ALPHA: float = 0.12

var _curves: Array[RlChartCurve] = []
var _span_x: Vector2 = Vector2(0.0, 1.0)
var _span_y: Vector2 = Vector2(0.0, 1.0)


func _init() -> void:
	clip_contents = true


## Draws [param curves]; the box shows [param span_x] (from, to) by [param span_y].
func show_curves(curves: Array[RlChartCurve], span_x: Vector2, span_y: Vector2) -> void:
	_curves = curves
	_span_x = span_x
	_span_y = span_y
	queue_redraw()


## Turns a point of data into one of a box of [param box_size].
static func to_box(span_x: Vector2, span_y: Vector2, box_size: Vector2) -> Transform2D:
	var scale_x: float = box_size.x / maxf(span_x.y - span_x.x, 1e-9)
	var scale_y: float = -box_size.y / maxf(span_y.y - span_y.x, 1e-9)
	return Transform2D(
		Vector2(scale_x, 0.0),
		Vector2(0.0, scale_y),
		Vector2(-span_x.x * scale_x, box_size.y - span_y.x * scale_y)
	)


func _draw() -> void:
	if size.x < 2.0 or size.y < 2.0:
		return
	var transform_to_box: Transform2D = to_box(_span_x, _span_y, size)
	for curve: RlChartCurve in _curves:
		if curve.low.size() >= 2:
			_draw_band(curve, transform_to_box)
	for curve: RlChartCurve in _curves:
		if curve.smooth != curve.raw:
			_draw_curve(curve.raw, Color(curve.color, RAW_ALPHA), transform_to_box)
	for curve: RlChartCurve in _curves:
		if curve.is_marked:
			_draw_marked(curve, transform_to_box)
		else:
			_draw_curve(curve.smooth, curve.color, transform_to_box)


func _draw_curve(points: PackedVector2Array, color: Color, to_pixels: Transform2D) -> void:
	if points.size() == 1:
		draw_circle(to_pixels * points[0], 2.0, color)
	elif points.size() >= 2:
		var line: PackedVector2Array = to_pixels * RlAxis.thinned(points, int(size.x))
		# A line with a width is many times as dear as a thin one.
		var is_fine: bool = color.a == 1.0 and line.size() <= FINE_LIMIT
		draw_polyline(line, color, RlLook.px(3) * 0.5 if is_fine else -1.0, is_fine)


## Rings on a dashed line, to be told from the curve of the same colour.
func _draw_marked(curve: RlChartCurve, to_pixels: Transform2D) -> void:
	var points: PackedVector2Array = to_pixels * RlAxis.thinned(curve.smooth, int(size.x))
	for index: int in points.size():
		if index > 0:
			draw_dashed_line(points[index - 1], points[index], curve.color, -1.0, RlLook.px(DASH))
		draw_circle(points[index], RlLook.px(MARK_RADIUS), curve.color, false, RlLook.px(1.5))


func _draw_band(curve: RlChartCurve, to_pixels: Transform2D) -> void:
	var low: PackedVector2Array = to_pixels * curve.low
	var high: PackedVector2Array = to_pixels * curve.high
	var corners: PackedVector2Array = low + high
	var triangles: PackedInt32Array = []
	var count: int = low.size()
	for index: int in count - 1:
		triangles.append_array([index, index + 1, count + index])
		triangles.append_array([index + 1, count + index + 1, count + index])
	RenderingServer.canvas_item_add_triangle_array(
		get_canvas_item(), triangles, corners, [Color(curve.color, BAND_ALPHA)]
	)
