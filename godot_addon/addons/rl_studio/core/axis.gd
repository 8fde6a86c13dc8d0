@tool
extends RefCounted
## The scale of a chart: which values it spans, and where the ticks are.

const RlFormat := preload("format.gd")

## Steps between ticks that are read as a time, in seconds.
const TIME_STEPS: PackedFloat64Array = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]


## The step between ticks: 1, 2 or 5 times a power of ten, so that at most [param most] fit.
static func nice_step(span: float, most: int) -> float:
	if span <= 0.0 or most < 1:
		return 1.0
	var rough: float = span / most
	var power: float = pow(10.0, floorf(log(rough) / log(10.0)))
	for factor: float in [1.0, 2.0, 5.0]:
		if factor * power >= rough * 0.999:
			return factor * power
	return 10.0 * power


## The step between ticks in seconds: whole parts of a minute or an hour, then whole hours.
static func nice_time_step(span: float, most: int) -> float:
	for step: float in TIME_STEPS:
		if span / step <= most:
			return step
	return 3600.0 * ceilf(nice_step(span / 3600.0, most))


## The ticks from [param low] to [param high]; [param is_time]: these are seconds.
static func ticks(low: float, high: float, most: int, is_time: bool = false) -> PackedFloat64Array:
	var found: PackedFloat64Array = []
	var step: float = nice_step(high - low, most)
	if is_time:
		step = nice_time_step(high - low, most)
	var first: int = ceili(low / step - 1e-6)
	var last: int = floori(high / step + 1e-6)
	for index: int in range(first, mini(last, first + 50) + 1):
		found.append(index * step)
	return found


## A tick as text.
static func label(value: float, is_share: bool) -> String:
	if is_share:
		return "%d%%" % roundi(value * 100.0)
	if absf(value) >= 1000.0:
		return RlFormat.short_count(value)
	return RlFormat.scientific(snappedf(value, 1e-9))


## The values to span for a curve: all of it, but a few wild points do not flatten the rest.
## Returns (low, high); (INF, -INF) for an empty curve.
static func robust_range(points: PackedVector2Array) -> Vector2:
	if points.is_empty():
		return Vector2(INF, -INF)
	var values: PackedFloat32Array = []
	values.resize(points.size())
	for index: int in points.size():
		values[index] = points[index].y
	values.sort()
	var cut: int = floori(values.size() * 0.02)
	return Vector2(values[cut], values[values.size() - 1 - cut])


## [param span] with a little air; never of height zero.
static func padded(span: Vector2) -> Vector2:
	if span.x > span.y:
		return Vector2(0.0, 1.0)
	var height: float = span.y - span.x
	if height <= maxf(absf(span.x), absf(span.y)) * 1e-5:
		height = maxf(absf(span.x) * 0.2, 0.1)
		return Vector2(span.x - height, span.y + height)
	return Vector2(span.x - height * 0.06, span.y + height * 0.06)


## [param points] reduced to the lowest and highest of each pixel column, if there are many more
## points than the [param width] in pixels can show.
static func thinned(points: PackedVector2Array, width: int) -> PackedVector2Array:
	if width < 8 or points.size() <= width * 4:
		return points
	var kept: PackedVector2Array = []
	var per_column: int = ceili(float(points.size()) / width)
	for start: int in range(0, points.size(), per_column):
		var low: int = start
		var high: int = start
		for index: int in range(start, mini(start + per_column, points.size())):
			if points[index].y < points[low].y:
				low = index
			if points[index].y > points[high].y:
				high = index
		kept.append(points[mini(low, high)])
		kept.append(points[maxi(low, high)])
	kept.append(points[points.size() - 1])
	return kept
