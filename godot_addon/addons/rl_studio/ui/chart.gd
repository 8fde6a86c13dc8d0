@tool
extends Control
## One chart: title, current value, axes and curves. Draws only when its data or size change; what
## moves with the mouse is on a layer of its own.

## The mouse is over [param x] of the axis; NAN: it left.
signal hovered(x: float)

const RlAxis := preload("../core/axis.gd")
const RlChartCurve := preload("chart_curve.gd")
const RlChartCursor := preload("chart_cursor.gd")
const RlChartPlot := preload("chart_plot.gd")
const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlMetric := preload("../core/metric.gd")
const RlSeries := preload("../core/series.gd")

const TICK_GAP: float = 20.0

var _key: String = ""
var _curves: Array[RlChartCurve] = []
var _x: RlSeries.RlX = RlSeries.RlX.AGENT_STEPS
var _span_x: Vector2 = Vector2(0.0, 1.0)
var _span_y: Vector2 = Vector2(0.0, 1.0)
var _plot: RlChartPlot = RlChartPlot.new()
var _cursor: RlChartCursor = RlChartCursor.new()


func _init(key: String) -> void:
	_key = key
	name = key.replace("/", "_").to_pascal_case()
	size_flags_horizontal = Control.SIZE_EXPAND_FILL
	size_flags_vertical = Control.SIZE_EXPAND_FILL
	clip_contents = true
	for layer: Control in [_plot, _cursor]:
		layer.mouse_filter = Control.MOUSE_FILTER_IGNORE
		add_child(layer)
	mouse_exited.connect(func() -> void: hovered.emit(NAN))
	resized.connect(_place)


func _ready() -> void:
	custom_minimum_size = Vector2(RlLook.px(165), RlLook.px(110))
	_place()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED:
		queue_redraw()


func _gui_input(event: InputEvent) -> void:
	if event is InputEventMouseMotion:
		var motion: InputEventMouseMotion = event
		var box: Rect2 = _plot.get_rect()
		if box.has_point(motion.position):
			var share: float = (motion.position.x - box.position.x) / box.size.x
			hovered.emit(lerpf(_span_x.x, _span_x.y, share))
		else:
			hovered.emit(NAN)


## Draws [param curves] over [param x] from now on.
func show_curves(curves: Array[RlChartCurve], x: RlSeries.RlX) -> void:
	_curves = curves
	_x = x
	_measure()
	_place()
	queue_redraw()


## Marks the points nearest to [param x]; NAN takes the marks away. With [param is_telling] the
## values are told, too.
func mark(x: float, is_telling: bool) -> void:
	_cursor.mark(x, is_telling)


## The number of points of all curves together.
func get_point_count() -> int:
	var count: int = 0
	for curve: RlChartCurve in _curves:
		count += curve.raw.size()
	return count


func _measure() -> void:
	var last_x: float = 0.0
	var span: Vector2 = Vector2(INF, -INF)
	for curve: RlChartCurve in _curves:
		if curve.raw.is_empty():
			continue
		last_x = maxf(last_x, curve.raw[curve.raw.size() - 1].x)
		for points: PackedVector2Array in [curve.raw, curve.smooth, curve.low, curve.high]:
			var one: Vector2 = RlAxis.robust_range(points)
			span = Vector2(minf(span.x, one.x), maxf(span.y, one.y))
	_span_x = Vector2(0.0, last_x if last_x > 0.0 else 1.0)
	_span_y = Vector2(-0.03, 1.03) if RlMetric.is_share(_key) else RlAxis.padded(span)


func _place() -> void:
	if not is_inside_tree():
		return
	var font: Font = _font()
	var text_size: int = _text_size()
	var line: float = font.get_height(text_size)
	var margin: float = RlLook.px(6)
	var left: float = 0.0
	for tick: float in _ticks_y():
		var label: String = RlAxis.label(tick, RlMetric.is_share(_key))
		left = maxf(left, font.get_string_size(label, 0, -1, text_size).x)
	var box: Rect2 = Rect2(
		left + margin * 2.0, line + margin * 1.5, 0.0, size.y - 2.0 * line - margin * 3.0
	)
	box.size.x = size.x - box.position.x - margin * 2.0
	box.size = box.size.max(Vector2.ZERO)
	for layer: Control in [_plot, _cursor]:
		layer.position = box.position
		layer.size = box.size
	_plot.show_curves(_curves, _span_x, _span_y)
	_cursor.show_curves(_key, _x, _curves, _span_x, _span_y)


func _ticks_y() -> PackedFloat64Array:
	var height: float = size.y - 3.0 * _font().get_height(_text_size())
	return RlAxis.ticks(_span_y.x, _span_y.y, clampi(int(height / RlLook.px(TICK_GAP)), 3, 8))


func _draw() -> void:
	var box: Rect2 = _plot.get_rect()
	if box.size.x < 8.0 or box.size.y < 8.0:
		return
	var font: Font = _font()
	var text_size: int = _text_size()
	var text_color: Color = get_theme_color(&"font_color", &"Label")
	draw_style_box(get_theme_stylebox(&"normal", &"LineEdit"), Rect2(Vector2.ZERO, size))
	_draw_header(box, text_color)
	var grid: Color = Color(text_color, 0.1)
	var faded: Color = Color(text_color, 0.6)
	var ascent: float = font.get_ascent(text_size)
	for tick: float in _ticks_y():
		var y: float = roundf(remap(tick, _span_y.y, _span_y.x, box.position.y, box.end.y))
		draw_line(Vector2(box.position.x, y), Vector2(box.end.x, y), grid)
		var label: String = RlAxis.label(tick, RlMetric.is_share(_key))
		var at: Vector2 = Vector2(RlLook.px(4), y + ascent * 0.4)
		var width: float = box.position.x - RlLook.px(8)
		draw_string(font, at, label, HORIZONTAL_ALIGNMENT_RIGHT, width, text_size, faded)
	var most: int = clampi(int(box.size.x / RlLook.px(44)), 3, 10)
	var is_time: bool = _x == RlSeries.RlX.SECONDS
	for tick: float in RlAxis.ticks(_span_x.x, _span_x.y, most, is_time):
		var x: float = roundf(remap(tick, _span_x.x, _span_x.y, box.position.x, box.end.x))
		draw_line(Vector2(x, box.position.y), Vector2(x, box.end.y), grid)
		var label: String = RlFormat.duration(tick) if is_time else RlAxis.label(tick, false)
		_draw_tick_x(x, box, label, faded)


func _draw_tick_x(x: float, box: Rect2, label: String, color: Color) -> void:
	var font: Font = _font()
	var width: float = font.get_string_size(label, 0, -1, _text_size()).x
	var left: float = clampf(x - width * 0.5, 0.0, size.x - width - RlLook.px(3))
	var at: Vector2 = Vector2(left, box.end.y + font.get_ascent(_text_size()) + RlLook.px(2))
	draw_string(font, at, label, HORIZONTAL_ALIGNMENT_LEFT, -1, _text_size(), color)


## The title, and at the right the present values of all curves in their colours, if they fit.
func _draw_header(box: Rect2, color: Color) -> void:
	var font: Font = get_theme_font(&"bold", &"EditorFonts")
	var value_size: int = get_theme_font_size(&"font_size", &"Label")
	var y: float = RlLook.px(3) + font.get_ascent(_text_size())
	var title: String = RlMetric.title(_key)
	var title_width: float = font.get_string_size(title, 0, -1, _text_size()).x
	var values: PackedStringArray = []
	for curve: RlChartCurve in _curves:
		values.append(RlMetric.write(_key, curve.smooth[curve.smooth.size() - 1].y))
	var left: float = box.end.x - _width_of(values, font, value_size)
	if left < RlLook.px(8) + title_width:
		value_size = _text_size()
		left = box.end.x - _width_of(values, font, value_size)
	if values.size() > 1 and left < RlLook.px(8) + title_width:
		values.clear()
		left = box.end.x
	_draw_text(font, Vector2(RlLook.px(8), y), title, color, _text_size(), left - RlLook.px(8))
	for index: int in values.size():
		left += RlLook.px(8)
		_draw_text(font, Vector2(left, y), values[index], _curves[index].color, value_size)
		left += font.get_string_size(values[index], 0, -1, value_size).x


func _width_of(values: PackedStringArray, font: Font, text_size: int) -> float:
	var width: float = 0.0
	for value: String in values:
		width += font.get_string_size(value, 0, -1, text_size).x + RlLook.px(8)
	return width


func _draw_text(
	font: Font, at: Vector2, text: String, color: Color, text_size: int, width: float = -1.0
) -> void:
	draw_string(font, at, text, HORIZONTAL_ALIGNMENT_LEFT, width, text_size, color)


func _font() -> Font:
	return get_theme_font(&"font", &"Label")


func _text_size() -> int:
	return RlLook.small(self)
