@tool
extends RefCounted
## Functions of one number that few networks use. Each gets four numbers at a time.

const SQRT_HALF: float = sqrt(0.5)
## Of the formula for [code]erf[/code] by Abramowitz and Stegun, 7.1.26: right to 1.5e-7.
const ERF_P: float = 0.3275911
const ERF: Array[float] = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429]


## Operator name → function, as [code]elementwise.gd[/code] has them.
static func functions() -> Dictionary[String, Callable]:
	var all: Dictionary[String, Callable] = {"Ceil": _ceil, "Floor": _floor, "Sign": _sign}
	for op: String in _of_numbers():
		all[op] = _apply.bind(_of_numbers()[op])
	return all


## The function of [code]Cast[/code] to true and false, or to whole numbers.
static func of_cast(to_truth: bool) -> Callable:
	return _truth if to_truth else _trunc


# func(x: float, a: float, b: float) -> float
static func _of_numbers() -> Dictionary[String, Callable]:
	return {
		"Celu": func(x: float, a: float, _b: float) -> float: return _bent(x, a, a),
		"Cos": func(x: float, _a: float, _b: float) -> float: return cos(x),
		"Erf": func(x: float, _a: float, _b: float) -> float: return _erf(x),
		"Gelu": _gelu,
		"HardSigmoid": func(x: float, a: float, b: float) -> float: return clampf(a * x + b, 0, 1),
		"HardSwish": func(x: float, _a: float, _b: float) -> float: return _hard_swish(x),
		"IsNaN": func(x: float, _a: float, _b: float) -> float: return float(is_nan(x)),
		"Log": func(x: float, _a: float, _b: float) -> float: return log(x),
		"Mish": func(x: float, _a: float, _b: float) -> float: return x * tanh(_softplus(x)),
		"Not": func(x: float, _a: float, _b: float) -> float: return float(x == 0.0),
		"Reciprocal": func(x: float, _a: float, _b: float) -> float: return 1.0 / x,
		"Round": func(x: float, _a: float, _b: float) -> float: return _round(x),
		"Selu": func(x: float, a: float, b: float) -> float: return b * _bent(x, a, 1.0),
		"Sin": func(x: float, _a: float, _b: float) -> float: return sin(x),
		"Softsign": func(x: float, _a: float, _b: float) -> float: return x / (1.0 + absf(x)),
		"ThresholdedRelu": func(x: float, a: float, _b: float) -> float: return x if x > a else 0.0,
	}


static func _apply(
	x: PackedVector4Array, a: float, b: float, function: Callable
) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		for place: int in 4:
			v[place] = function.call(v[place], a, b)
		x[index] = v
	return x


static func _ceil(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = x[index].ceil()
	return x


static func _floor(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = x[index].floor()
	return x


static func _sign(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = x[index].sign()
	return x


# Towards zero: what a cast to whole numbers does.
static func _trunc(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = x[index].abs().floor() * x[index].sign()
	return x


static func _truth(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = x[index].sign().abs()
	return x


static func _bent(x: float, alpha: float, scale: float) -> float:
	return x if x > 0.0 else alpha * (exp(x / scale) - 1.0)


static func _erf(x: float) -> float:
	var t: float = 1.0 / (1.0 + ERF_P * absf(x))
	var sum: float = 0.0
	for index: int in range(ERF.size() - 1, -1, -1):
		sum = (sum + ERF[index]) * t
	return signf(x) * (1.0 - sum * exp(-x * x))


# With b the approximation by tanh is meant.
static func _gelu(x: float, _a: float, b: float) -> float:
	if b != 0.0:
		return 0.5 * x * (1.0 + tanh(sqrt(2.0 / PI) * (x + 0.044715 * x * x * x)))
	return 0.5 * x * (1.0 + _erf(x * SQRT_HALF))


static func _hard_swish(x: float) -> float:
	return x * clampf(x / 6.0 + 0.5, 0.0, 1.0)


# Halves go to the even neighbour.
static func _round(x: float) -> float:
	var near: float = floorf(x + 0.5)
	return near - 1.0 if near - x == 0.5 and fmod(near, 2.0) != 0.0 else near


static func _softplus(x: float) -> float:
	return maxf(x, 0.0) + log(1.0 + exp(-absf(x)))
