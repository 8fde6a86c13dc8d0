@tool
extends RefCounted
## Operators on the elements of two or more values, with NumPy's broadcasting.

const RlBinaryFunctions := preload("binary_functions.gd")
const RlLayout := preload("operators_layout.gd")
const RlStage := preload("stage.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

## Operators whose results are true or false.
const TRUTHS: PackedStringArray = [
	"And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Or", "Xor"
]


static func kernels() -> Dictionary[String, Callable]:
	var all: Dictionary[String, Callable] = {"Mean": _mean, "Where": _where}
	for op: String in RlBinaryFunctions.functions():
		all[op] = _run.bind(RlBinaryFunctions.functions()[op])
	return all


## The function of [param step] for values of the types traced.
static func function_of(step: RlStep, inputs: Array[RlTensor]) -> Callable:
	var whole: bool = inputs[0].is_int and inputs[1].is_int
	if step.op == "Mod" and step.int_attribute("fmod", 0) == 0:
		return RlBinaryFunctions.whole_mod
	return (
		RlBinaryFunctions.whole_div
		if step.op == "Div" and whole
		else RlBinaryFunctions.functions()[step.op]
	)


static func _run(step: RlStep, inputs: Array[RlTensor], of_reals: Callable) -> Array[RlTensor]:
	var function: Callable = of_reals
	if inputs.size() == 2 and step.op != "Mean":
		function = function_of(step, inputs)
	if step.op == "Mod" and step.int_attribute("fmod", 0) == 0 and not inputs[0].is_int:
		return step.fail("fmod=0 needs whole numbers")
	var result: RlTensor = inputs[0]
	for other: RlTensor in inputs.slice(1):
		var fitting: Variant = RlLayout.broadcast(result.shape, other.shape)
		if fitting == null:
			return step.fail("shapes %s and %s do not fit" % [result.shape, other.shape])
		var shape: PackedInt64Array = fitting
		if not step.fits(shape) or not step.can_afford(shape):
			return []
		var a: RlTensor = result.expanded(shape)
		var b: RlTensor = other.expanded(shape)
		if a.is_int and b.is_int:
			result = _on_ints(step.op, a, b, function)
		else:
			var values: PackedVector4Array = function.call(
				RlStage.pack(a.as_floats()), RlStage.pack(b.as_floats())
			)
			result = RlTensor.of_floats(RlStage.unpack(values, a.count()), shape)
	if step.op in TRUTHS and not result.is_int:
		result = RlTensor.of_ints(result.as_ints(), result.shape)
	return [result]


# Those that shapes are computed with, exactly; the others as reals.
static func _on_ints(op: String, a: RlTensor, b: RlTensor, function: Callable) -> RlTensor:
	var result: PackedInt64Array = a.ints.duplicate()
	for index: int in result.size():
		var x: int = a.ints[index]
		var y: int = b.ints[index]
		match op:
			"Add", "Sum":
				result[index] = x + y
			"Sub":
				result[index] = x - y
			"Mul":
				result[index] = x * y
			"Div":
				@warning_ignore("integer_division")
				result[index] = -x if y == -1 else (x / y if y != 0 else 0)
			"Max":
				result[index] = maxi(x, y)
			"Min":
				result[index] = mini(x, y)
			"Equal":
				result[index] = int(x == y)
			_:
				var values: PackedVector4Array = function.call(
					PackedVector4Array([Vector4(x, 0, 0, 0)]),
					PackedVector4Array([Vector4(y, 1, 1, 1)])
				)
				result[index] = int(values[0].x)
	return RlTensor.of_ints(result, a.shape)


static func _mean(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var sums: Array[RlTensor] = _run(step, inputs, RlBinaryFunctions.functions()["Add"])
	if sums.is_empty():
		return []
	var values: PackedFloat32Array = sums[0].as_floats().duplicate()
	for index: int in values.size():
		values[index] /= inputs.size()
	return [RlTensor.of_floats(values, sums[0].shape)]


static func _where(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape
	for other: RlTensor in inputs:
		var fitting: Variant = RlLayout.broadcast(shape, other.shape)
		if fitting == null:
			return step.fail("shapes %s and %s do not fit" % [shape, other.shape])
		shape = fitting
	if not step.fits(shape):
		return []
	var chosen: PackedInt64Array = inputs[0].expanded(shape).as_ints()
	var if_true: RlTensor = inputs[1].expanded(shape)
	var if_false: RlTensor = inputs[2].expanded(shape)
	if if_true.is_int and if_false.is_int:
		var ints: PackedInt64Array = if_false.ints.duplicate()
		for index: int in chosen.size():
			ints[index] = if_true.ints[index] if chosen[index] != 0 else ints[index]
		return [RlTensor.of_ints(ints, shape)]
	var then: PackedFloat32Array = if_true.as_floats()
	var floats: PackedFloat32Array = if_false.as_floats().duplicate()
	for index: int in chosen.size():
		floats[index] = then[index] if chosen[index] != 0 else floats[index]
	return [RlTensor.of_floats(floats, shape)]
