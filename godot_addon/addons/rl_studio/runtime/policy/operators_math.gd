@tool
extends RefCounted
## Operators on the elements of two or more values, with NumPy's broadcasting.

const Layout := preload("operators_layout.gd")
const Stage := preload("stage.gd")
const Step := preload("step.gd")
const Tensor := preload("tensor.gd")


static func kernels() -> Dictionary[String, Callable]:
	return {
		"Add": _run.bind(_add),
		"Div": _run.bind(_div),
		"Equal": _run.bind(_equal),
		"Max": _run.bind(_max),
		"Min": _run.bind(_min),
		"Mul": _run.bind(_mul),
		"Pow": _run.bind(_pow),
		"Sub": _run.bind(_sub),
		"Where": _where,
	}


static func _run(step: Step, inputs: Array[Tensor], function: Callable) -> Array[Tensor]:
	var result: Tensor = inputs[0]
	for other: Tensor in inputs.slice(1):
		var fitting: Variant = Layout.broadcast(result.shape, other.shape)
		if fitting == null:
			return step.fail("shapes %s and %s do not fit" % [result.shape, other.shape])
		var shape: PackedInt64Array = fitting
		var a: Tensor = result.expanded(shape)
		var b: Tensor = other.expanded(shape)
		if a.is_int and b.is_int:
			result = _on_ints(step.op, a, b)
		else:
			var values: PackedVector4Array = function.call(
				Stage.pack(a.as_floats()), Stage.pack(b.as_floats())
			)
			result = Tensor.of_floats(Stage.unpack(values, a.count()), shape)
	if step.op == "Equal" and not result.is_int:
		result = Tensor.of_ints(result.as_ints(), result.shape)
	return [result]


static func _on_ints(op: String, a: Tensor, b: Tensor) -> Tensor:
	var result: PackedInt64Array = a.ints.duplicate()
	for index: int in result.size():
		var x: int = a.ints[index]
		var y: int = b.ints[index]
		match op:
			"Add":
				result[index] = x + y
			"Sub":
				result[index] = x - y
			"Mul":
				result[index] = x * y
			"Div":
				@warning_ignore("integer_division")
				result[index] = x / y if y != 0 else 0
			"Max":
				result[index] = maxi(x, y)
			"Min":
				result[index] = mini(x, y)
			"Pow":
				result[index] = int(pow(x, y))
			"Equal":
				result[index] = int(x == y)
	return Tensor.of_ints(result, a.shape)


static func _where(step: Step, inputs: Array[Tensor]) -> Array[Tensor]:
	var shape: PackedInt64Array = inputs[0].shape
	for other: Tensor in inputs:
		var fitting: Variant = Layout.broadcast(shape, other.shape)
		if fitting == null:
			return step.fail("shapes %s and %s do not fit" % [shape, other.shape])
		shape = fitting
	var chosen: PackedInt64Array = inputs[0].expanded(shape).as_ints()
	var if_true: Tensor = inputs[1].expanded(shape)
	var if_false: Tensor = inputs[2].expanded(shape)
	if if_true.is_int and if_false.is_int:
		var ints: PackedInt64Array = if_false.ints.duplicate()
		for index: int in chosen.size():
			ints[index] = if_true.ints[index] if chosen[index] != 0 else ints[index]
		return [Tensor.of_ints(ints, shape)]
	var then: PackedFloat32Array = if_true.as_floats()
	var floats: PackedFloat32Array = if_false.as_floats().duplicate()
	for index: int in chosen.size():
		floats[index] = then[index] if chosen[index] != 0 else floats[index]
	return [Tensor.of_floats(floats, shape)]


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
