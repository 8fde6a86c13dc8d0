@tool
extends "stage.gd"
## A function of one number, applied to every element: activations and simple mathematics.

const Elementwise := preload("elementwise.gd")

# func(x: PackedVector4Array, a: float, b: float) -> PackedVector4Array, working in place
var _function: Callable
var _a: float
var _b: float


## Operator name → function. Parameters a and b mean what [method create] is given.
static func functions() -> Dictionary[String, Callable]:
	return {
		"Abs": _abs,
		"Clip": _clip,
		"Elu": _elu,
		"Exp": _exp,
		"LeakyRelu": _leaky_relu,
		"Neg": _neg,
		"Relu": _relu,
		"Sigmoid": _sigmoid,
		"Softplus": _softplus,
		"Sqrt": _sqrt,
		"Tanh": _tanh,
	}


## Makes a stage; [param a] and [param b] are alpha of Elu and LeakyRelu, limits of Clip.
static func create(function: Callable, a: float = 0.0, b: float = 0.0) -> Elementwise:
	var stage: Elementwise = Elementwise.new()
	stage._function = function
	stage._a = a
	stage._b = b
	return stage


static func _abs(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = x[index].abs()
	return x


static func _clip(x: PackedVector4Array, low: float, high: float) -> PackedVector4Array:
	var lows: Vector4 = Vector4(low, low, low, low)
	var highs: Vector4 = Vector4(high, high, high, high)
	for index: int in x.size():
		x[index] = x[index].clamp(lows, highs)
	return x


static func _elu(x: PackedVector4Array, alpha: float, _unused: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = v.max(Vector4.ZERO) + (_exp4(v.min(Vector4.ZERO)) - Vector4.ONE) * alpha
	return x


static func _exp(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = _exp4(x[index])
	return x


static func _leaky_relu(x: PackedVector4Array, alpha: float, _unused: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = v.max(Vector4.ZERO) + v.min(Vector4.ZERO) * alpha
	return x


static func _neg(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = -x[index]
	return x


static func _relu(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = x[index].max(Vector4.ZERO)
	return x


static func _sigmoid(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		x[index] = Vector4.ONE / (Vector4.ONE + _exp4(-x[index]))
	return x


static func _softplus(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = v.max(Vector4.ZERO) + _log4(Vector4.ONE + _exp4(-v.abs()))  # never overflows
	return x


static func _sqrt(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = Vector4(sqrt(v.x), sqrt(v.y), sqrt(v.z), sqrt(v.w))
	return x


static func _tanh(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = Vector4(tanh(v.x), tanh(v.y), tanh(v.z), tanh(v.w))
	return x


static func _exp4(v: Vector4) -> Vector4:
	return Vector4(exp(v.x), exp(v.y), exp(v.z), exp(v.w))


static func _log4(v: Vector4) -> Vector4:
	return Vector4(log(v.x), log(v.y), log(v.z), log(v.w))


func apply(x: PackedVector4Array) -> PackedVector4Array:
	return _function.call(x, _a, _b)
