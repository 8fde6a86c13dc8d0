@tool
extends RefCounted
## One curve of a run. Holds what is drawn and no more than [constant CAPACITY] points; beyond that
## it thins itself out, keeping low and high points.

## What the x of a curve is.
enum RlX { AGENT_STEPS, ENV_STEPS, SECONDS }

const CAPACITY: int = 16_384

## The raw points: x = agent steps, ascending. Values that are not finite are not in here.
var points: PackedVector2Array = []

## Environment steps and seconds of each point; NAN where they are not known.
var _other_x: PackedVector2Array = []
var _smoothed: PackedVector2Array = []
var _weight: float = -1.0
var _average: float = 0.0
var _debias: float = 1.0
var _moved_raw: RlMoved = RlMoved.new()
var _moved_smooth: RlMoved = RlMoved.new()


## A curve over another x, made as far as the curve was known.
class RlMoved:
	extends RefCounted
	var x: RlX = RlX.AGENT_STEPS
	var taken: int = 0
	var points: PackedVector2Array = []

	func forget() -> void:
		taken = 0
		points = PackedVector2Array()


## Adds a point at the right end: [param x] in agent steps, [param other_x] in environment steps and
## seconds. Points that go back and values that are not finite are left out.
func add(x: float, y: float, other_x: Vector2 = Vector2(NAN, NAN)) -> void:
	if not is_finite(y) or (not points.is_empty() and x < points[points.size() - 1].x):
		return
	points.append(Vector2(x, y))
	_other_x.append(other_x)
	if points.size() > CAPACITY:
		_thin_out()


## The last value, NAN if there is none.
func last() -> float:
	return points[points.size() - 1].y if not points.is_empty() else NAN


## The raw points over [param x]; those whose x is not known are left out.
func raw(x: RlX) -> PackedVector2Array:
	return _move(points, x, _moved_raw)


## The curve as a debiased exponential average over [param x]: [param weight] 0 = as measured, near
## 1 = very smooth. A constant stays that constant, the first points are not pulled to zero.
func smoothed(weight: float, x: RlX = RlX.AGENT_STEPS) -> PackedVector2Array:
	if weight <= 0.0:
		return raw(x)
	if not is_equal_approx(weight, _weight):
		_forget_smoothing()
		_weight = weight
	for index: int in range(_smoothed.size(), points.size()):
		_average = weight * _average + (1.0 - weight) * points[index].y
		_debias *= weight
		_smoothed.append(Vector2(points[index].x, _average / (1.0 - _debias)))
	return _move(_smoothed, x, _moved_smooth)


func _move(curve: PackedVector2Array, x: RlX, moved: RlMoved) -> PackedVector2Array:
	if x == RlX.AGENT_STEPS:
		return curve
	if moved.x != x:
		moved.x = x
		moved.forget()
	for index: int in range(moved.taken, curve.size()):
		var at: float = _other_x[index].x if x == RlX.ENV_STEPS else _other_x[index].y
		if is_finite(at):
			moved.points.append(Vector2(at, curve[index].y))
	moved.taken = curve.size()
	return moved.points


func _thin_out() -> void:
	var kept: PackedInt32Array = []
	for start: int in range(0, points.size() - 4, 4):
		var low: int = start
		var high: int = start
		for index: int in range(start + 1, start + 4):
			if points[index].y < points[low].y:
				low = index
			if points[index].y >= points[high].y:
				high = index
		kept.append(mini(low, high))
		kept.append(maxi(low, high))
	for index: int in range(points.size() - 1 - (points.size() - 1) % 4, points.size()):
		kept.append(index)
	_keep(kept)
	_forget_smoothing()
	_moved_raw.forget()


func _keep(indices: PackedInt32Array) -> void:
	var kept: PackedVector2Array = []
	var kept_x: PackedVector2Array = []
	for index: int in indices:
		kept.append(points[index])
		kept_x.append(_other_x[index])
	points = kept
	_other_x = kept_x


func _forget_smoothing() -> void:
	_smoothed = PackedVector2Array()
	_moved_smooth.forget()
	_weight = -1.0
	_average = 0.0
	_debias = 1.0
