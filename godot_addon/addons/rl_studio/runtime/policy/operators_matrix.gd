@tool
extends RefCounted
## Matrix products. Those with constant weights run as dense layers, and are not computed here.

const RlLayout := preload("operators_layout.gd")
const RlLimits := preload("limits.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")


static func kernels() -> Dictionary[String, Callable]:
	return {"Gemm": _gemm, "MatMul": _matmul}


static func _gemm(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	if inputs[0].shape.size() != 2 or inputs[1].shape.size() != 2:
		return step.fail("shapes %s and %s are not matrices" % [inputs[0].shape, inputs[1].shape])
	var turns_a: bool = step.int_attribute("transA", 0) != 0
	var turns_b: bool = step.int_attribute("transB", 0) != 0
	var left: PackedInt64Array = _turned(inputs[0].shape, turns_a)
	var right: PackedInt64Array = _turned(inputs[1].shape, turns_b)
	if left[1] != right[0]:
		return step.fail("shapes %s and %s do not fit" % [left, right])
	var shape: PackedInt64Array = [left[0], right[1]]
	var addend: RlTensor = step.optional(inputs, 2)
	if addend != null and RlLayout.broadcast(addend.shape, shape) != shape:
		return step.fail("bias of shape %s does not fit %s" % [addend.shape, shape])
	if not step.fits(shape):
		return []
	if not step.can_afford([left[0], left[1], right[1]]):
		return []
	if step.shape_only:
		return [RlTensor.zeros(shape)]
	var a: RlTensor = _transposed(inputs[0]) if turns_a else inputs[0]
	var b: RlTensor = _transposed(inputs[1]) if turns_b else inputs[1]
	var values: PackedFloat32Array = _product(a.as_floats(), b.as_floats(), left[1], right[1])
	var bias: PackedFloat32Array = RlTensor.zeros(shape).floats
	if addend != null:
		bias = addend.expanded(shape).as_floats()
	var alpha: float = step.float_attribute("alpha", 1.0)
	var beta: float = step.float_attribute("beta", 1.0)
	for index: int in values.size():
		values[index] = alpha * values[index] + beta * bias[index]
	return [RlTensor.of_floats(values, shape)]


static func _matmul(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var a: RlTensor = inputs[0]
	var b: RlTensor = inputs[1]
	var left: PackedInt64Array = a.shape
	var right: PackedInt64Array = b.shape
	var fits: bool = not left.is_empty() and not right.is_empty()
	if left.size() == 1 and fits:
		a = a.reshaped([1, left[0]])
	if right.size() == 1 and fits:
		b = b.reshaped([right[0], 1])
	var outer: Variant = null
	if fits and a.shape[-1] == b.shape[-2]:
		outer = RlLayout.broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2))
	if outer == null:
		return step.fail("shapes %s and %s do not fit" % [left, right])
	var shape: PackedInt64Array = outer
	var to_shape: PackedInt64Array = shape.duplicate()
	if left.size() > 1:
		to_shape.append(a.shape[-2])
	if right.size() > 1:
		to_shape.append(b.shape[-1])
	var lengths: PackedInt64Array = [RlLimits.count(shape), a.shape[-2], a.shape[-1], b.shape[-1]]
	if not step.fits(to_shape) or not step.can_afford(lengths):
		return []
	if step.shape_only:
		return [RlTensor.zeros(to_shape)]
	return [RlTensor.of_floats(_products(a, b, shape), to_shape)]


# One matrix product after the other.
static func _products(a: RlTensor, b: RlTensor, outer: PackedInt64Array) -> PackedFloat32Array:
	var rows: int = a.shape[-2]
	var inner: int = a.shape[-1]
	var columns: int = b.shape[-1]
	var left: PackedFloat32Array = a.expanded(_joined(outer, [rows, inner])).as_floats()
	var right: PackedFloat32Array = b.expanded(_joined(outer, [inner, columns])).as_floats()
	var values: PackedFloat32Array = PackedFloat32Array()
	for index: int in RlTensor.size_of(outer):
		values.append_array(
			_product(
				left.slice(index * rows * inner, (index + 1) * rows * inner),
				right.slice(index * inner * columns, (index + 1) * inner * columns),
				inner,
				columns
			)
		)
	return values


static func _joined(a: PackedInt64Array, b: PackedInt64Array) -> PackedInt64Array:
	var whole: PackedInt64Array = a.duplicate()
	whole.append_array(b)
	return whole


static func _turned(shape: PackedInt64Array, turns: bool) -> PackedInt64Array:
	return [shape[1], shape[0]] if turns else shape


static func _transposed(matrix: RlTensor) -> RlTensor:
	var shape: PackedInt64Array = [matrix.shape[1], matrix.shape[0]]
	return matrix.picked(RlTensor.strided_positions(shape, [1, matrix.shape[1]]), shape)


static func _product(
	left: PackedFloat32Array, right: PackedFloat32Array, inner: int, columns: int
) -> PackedFloat32Array:
	var values: PackedFloat32Array = PackedFloat32Array()
	for start: int in range(0, left.size(), inner):
		for column: int in columns:
			var sum: float = 0.0
			for index: int in inner:
				sum += left[start + index] * right[index * columns + column]
			values.append(sum)
	return values
