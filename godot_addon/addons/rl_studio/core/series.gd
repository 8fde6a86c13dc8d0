@tool
extends RefCounted
## One curve of a run: x = agent steps, y = value. Holds what is drawn and no more than
## [constant CAPACITY] points; beyond that it thins itself out, keeping low and high points.

const CAPACITY: int = 16_384

## The raw points, x ascending. Values that are not finite are not in here.
var points: PackedVector2Array = []

var _smoothed: PackedVector2Array = []
var _weight: float = -1.0
var _average: float = 0.0
var _debias: float = 1.0


## Adds a point at the right end. Points that go back and values that are not finite are left out.
func add(x: float, y: float) -> void:
	if not is_finite(y) or (not points.is_empty() and x < points[points.size() - 1].x):
		return
	points.append(Vector2(x, y))
	if points.size() > CAPACITY:
		_thin_out()


## The last value, NAN if there is none.
func last() -> float:
	return points[points.size() - 1].y if not points.is_empty() else NAN


## The curve as a debiased exponential average: [param weight] 0 = as measured, near 1 = very
## smooth. A constant stays that constant, the first points are not pulled to zero.
func smoothed(weight: float) -> PackedVector2Array:
	if weight <= 0.0:
		return points
	if not is_equal_approx(weight, _weight):
		_forget_smoothing()
		_weight = weight
	for index: int in range(_smoothed.size(), points.size()):
		_average = weight * _average + (1.0 - weight) * points[index].y
		_debias *= weight
		_smoothed.append(Vector2(points[index].x, _average / (1.0 - _debias)))
	return _smoothed


func _thin_out() -> void:
	var kept: PackedVector2Array = []
	for start: int in range(0, points.size() - 4, 4):
		var low: int = start
		var high: int = start
		for index: int in range(start + 1, start + 4):
			if points[index].y < points[low].y:
				low = index
			if points[index].y >= points[high].y:
				high = index
		kept.append(points[mini(low, high)])
		kept.append(points[maxi(low, high)])
	for index: int in range(points.size() - 1 - (points.size() - 1) % 4, points.size()):
		kept.append(points[index])
	points = kept
	_forget_smoothing()


func _forget_smoothing() -> void:
	_smoothed = PackedVector2Array()
	_weight = -1.0
	_average = 0.0
	_debias = 1.0
