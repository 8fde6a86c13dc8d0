@tool
extends RefCounted
## Functions of two numbers, four pairs at a time.

## Functions that can make numbers that are not finite out of zeros.
const UNSAFE: PackedStringArray = ["Div", "Mod", "Pow"]


## Operator name → func(a: PackedVector4Array, b: PackedVector4Array), working in a.
static func functions() -> Dictionary[String, Callable]:
	return {
		"Add": _add,
		"And": _compare.bind("And"),
		"Div": _div,
		"Equal": _equal,
		"Greater": _compare.bind("Greater"),
		"GreaterOrEqual": _compare.bind("GreaterOrEqual"),
		"Less": _compare.bind("Less"),
		"LessOrEqual": _compare.bind("LessOrEqual"),
		"Max": _max,
		"Min": _min,
		"Mod": _mod,
		"Mul": _mul,
		"Or": _compare.bind("Or"),
		"PRelu": _prelu,
		"Pow": _pow,
		"Sub": _sub,
		"Sum": _add,
		"Xor": _compare.bind("Xor"),
	}


static func _add(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		a[index] += b[index]
	return a


static func _sub(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		a[index] -= b[index]
	return a


static func _mul(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		a[index] *= b[index]
	return a


static func _div(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		a[index] /= b[index]
	return a


static func _max(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		a[index] = a[index].max(b[index])
	return a


static func _min(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		a[index] = a[index].min(b[index])
	return a


static func _pow(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		var x: Vector4 = a[index]
		var y: Vector4 = b[index]
		a[index] = Vector4(pow(x.x, y.x), pow(x.y, y.y), pow(x.z, y.z), pow(x.w, y.w))
	return a


static func _equal(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		var difference: Vector4 = (a[index] - b[index]).abs()
		a[index] = Vector4.ONE - difference.sign()
	return a


static func _compare(
	a: PackedVector4Array, b: PackedVector4Array, op: String
) -> PackedVector4Array:
	for index: int in a.size():
		var v: Vector4 = a[index]
		for place: int in 4:
			v[place] = float(_is_true(op, v[place], b[index][place]))
		a[index] = v
	return a


static func _is_true(op: String, x: float, y: float) -> bool:
	match op:
		"Greater":
			return x > y
		"GreaterOrEqual":
			return x >= y
		"Less":
			return x < y
		"LessOrEqual":
			return x <= y
		"And":
			return x != 0.0 and y != 0.0
		"Or":
			return x != 0.0 or y != 0.0
	return (x != 0.0) != (y != 0.0)


# With the sign of a.
static func _mod(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		var x: Vector4 = a[index]
		var y: Vector4 = b[index]
		a[index] = Vector4(fmod(x.x, y.x), fmod(x.y, y.y), fmod(x.z, y.z), fmod(x.w, y.w))
	return a


## Of whole numbers; with the sign of b.
static func whole_mod(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		a[index] -= b[index] * (a[index] / b[index]).floor()
	return a


static func _prelu(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		var v: Vector4 = a[index]
		a[index] = v.max(Vector4.ZERO) + v.min(Vector4.ZERO) * b[index]
	return a


## Of whole numbers, cut towards zero.
static func whole_div(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array:
	for index: int in a.size():
		var v: Vector4 = a[index] / b[index]
		a[index] = v.abs().floor() * v.sign()
	return a
