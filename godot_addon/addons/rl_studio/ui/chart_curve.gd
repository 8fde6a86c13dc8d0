@tool
extends RefCounted
## One curve of a chart.

var title: String = ""
var color: Color = Color.WHITE
## Whether it is of evaluations: a dashed line, and each point is marked, for there are few.
var is_marked: bool = false
## As measured.
var raw: PackedVector2Array = []
## As smoothed; the same as [member raw] if it is not.
var smooth: PackedVector2Array = []
## Edges of the band around the curve, same x in both; empty if there is none.
var low: PackedVector2Array = []
var high: PackedVector2Array = []


## Index of the point nearest to [param x]; -1 where the curve has none: before its first point and
## after its last one.
func nearest(x: float) -> int:
	if raw.is_empty() or x < raw[0].x or x > raw[raw.size() - 1].x:
		return -1
	var at: int = raw.bsearch(Vector2(x, -INF))
	if at >= raw.size():
		return raw.size() - 1
	return at - 1 if at > 0 and x - raw[at - 1].x < raw[at].x - x else at


## Draws a band from [param lower] to [param upper], as far as both have the same x.
func set_band(lower: PackedVector2Array, upper: PackedVector2Array) -> void:
	if lower.size() == upper.size():
		low = lower.duplicate()
		high = upper.duplicate()
