@tool
extends "stage.gd"
## A function of one number, applied to every element: activations. Rarer ones are in
## [code]functions.gd[/code].

const RlElementwise := preload("elementwise.gd")
const RlFunctions := preload("functions.gd")
const RlStage := preload("stage.gd")
const RlStep := preload("step.gd")

## Values of alpha where the file gives none; 1 for all others.
const ALPHAS: Dictionary[String, float] = {
	"HardSigmoid": 0.2, "LeakyRelu": 0.01, "Selu": 1.67326319217681884765625
}
## Functions that can make numbers that are not finite out of zeros.
const UNSAFE: PackedStringArray = ["Log", "Reciprocal"]

## Set where the padding has to be cleaned after the function: numbers of a row; else 0.
var cleaned_width: int = 0

# func(x: PackedVector4Array, a: float, b: float) -> PackedVector4Array, working in place
var _function: Callable
var _a: float
var _b: float


## Operator name → function. Parameters a and b mean what [method create] is given.
static func functions() -> Dictionary[String, Callable]:
	var all: Dictionary[String, Callable] = {
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
	all.merge(RlFunctions.functions())
	return all


## Makes a stage; [param a] and [param b] are alpha and beta of the operator, or limits of Clip.
static func create(function: Callable, a: float = 0.0, b: float = 0.0) -> RlElementwise:
	var stage: RlElementwise = RlElementwise.new()
	stage._function = function
	stage._a = a
	stage._b = b
	return stage


## What [method create] is given for an operator, but for the limits of Clip.
static func parameters_of(step: RlStep) -> PackedFloat64Array:
	var alpha: float = ALPHAS.get(step.op, 1.0)
	var b: float = step.float_attribute("beta", 0.5)
	if step.op == "Selu":
		b = step.float_attribute("gamma", 1.05070102214813232421875)
	elif step.op == "Gelu":
		var kind: String = step.attributes.get("approximate", "none")
		b = float(kind == "tanh")
	return [step.float_attribute("alpha", alpha), b]


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
		var low: Vector4 = v.min(Vector4.ZERO)
		low = Vector4(exp(low.x), exp(low.y), exp(low.z), exp(low.w)) - Vector4.ONE
		x[index] = v.max(Vector4.ZERO) + low * alpha
	return x


static func _exp(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = Vector4(exp(v.x), exp(v.y), exp(v.z), exp(v.w))
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
	var one: Vector4 = Vector4.ONE
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = one / (one + Vector4(exp(-v.x), exp(-v.y), exp(-v.z), exp(-v.w)))
	return x


static func _softplus(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		var e: Vector4 = v.abs()  # log(1 + exp(v)) that never overflows
		e = Vector4(exp(-e.x), exp(-e.y), exp(-e.z), exp(-e.w)) + Vector4.ONE
		x[index] = v.max(Vector4.ZERO) + Vector4(log(e.x), log(e.y), log(e.z), log(e.w))
	return x


static func _sqrt(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	for index: int in x.size():
		var v: Vector4 = x[index]
		x[index] = Vector4(sqrt(v.x), sqrt(v.y), sqrt(v.z), sqrt(v.w))
	return x


# 1 - 2 / (1 + exp(2 x)): exp is much faster than tanh, and right at both ends.
static func _tanh(x: PackedVector4Array, _unused: float, _unused2: float) -> PackedVector4Array:
	var one: Vector4 = Vector4.ONE
	var two: Vector4 = one + one
	for index: int in x.size():
		var v: Vector4 = x[index]
		v += v
		x[index] = one - two / (one + Vector4(exp(v.x), exp(v.y), exp(v.z), exp(v.w)))
	return x


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var own: PackedVector4Array = x if owns_input else x.duplicate()
	own = _function.call(own, _a, _b)
	if cleaned_width > 0:
		RlStage.clean(own, cleaned_width, rows)
	return own
