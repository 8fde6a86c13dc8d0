@tool
extends RefCounted
## One curve of a chart.

var title: String = ""
var color: Color = Color.WHITE
## Whether each point is marked: there are few, and they count.
var is_marked: bool = false
## As measured.
var raw: PackedVector2Array = []
## As smoothed; the same as [member raw] if it is not.
var smooth: PackedVector2Array = []
## Edges of the band around the curve, same x in both; empty if there is none.
var low: PackedVector2Array = []
var high: PackedVector2Array = []


## Index of the point nearest to [param x]; -1 if there is none.
func nearest(x: float) -> int:
	if raw.is_empty():
		return -1
	var at: int = raw.bsearch(Vector2(x, -INF))
	if at >= raw.size():
		return raw.size() - 1
	return at - 1 if at > 0 and x - raw[at - 1].x < raw[at].x - x else at


## Draws a band from [param lower] to [param upper], as far as both have the same x.
func set_band(lower: PackedVector2Array, upper: PackedVector2Array) -> void:
	if lower.size() == upper.size():
		low = lower
		high = upper
