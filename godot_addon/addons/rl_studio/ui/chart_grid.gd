@tool
extends GridContainer
## The charts, in as many columns as fit; the mouse's mark goes over all of them.

const RlChart := preload("chart.gd")
const RlChartCurve := preload("chart_curve.gd")
const RlLook := preload("look.gd")
const RlSeries := preload("../core/series.gd")

const COLUMN_WIDTH: float = 170.0

var _charts: Dictionary[String, RlChart] = {}


func _ready() -> void:
	resized.connect(_fit_columns)
	_fit_columns()


## One chart for each of [param keys], in that order.
func show_keys(keys: PackedStringArray) -> void:
	for key: String in _charts.keys():
		if key not in keys:
			_charts[key].queue_free()
			_charts.erase(key)
	for index: int in keys.size():
		var key: String = keys[index]
		if not _charts.has(key):
			_charts[key] = RlChart.new(key)
			_charts[key].hovered.connect(_on_chart_hovered.bind(_charts[key]))
			add_child(_charts[key])
		move_child(_charts[key], index)
	_fit_columns()


## Draws [param curves] over [param x] in the chart of [param key].
func show_curves(key: String, curves: Array[RlChartCurve], x: RlSeries.RlX) -> void:
	_charts[key].show_curves(curves, x)


func _fit_columns() -> void:
	var fitting: int = int(size.x / RlLook.px(COLUMN_WIDTH))
	var wanted: int = clampi(fitting, 1, maxi(_charts.size(), 1))
	if columns != wanted:
		columns = wanted


func _on_chart_hovered(x: float, hovered: RlChart) -> void:
	for chart: RlChart in _charts.values():
		chart.mark(x, chart == hovered)
