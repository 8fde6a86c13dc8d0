@tool
extends RefCounted
## Matrix products with operands that are not constant, or of more than one row. Layers with
## constant weights run as [DenseLayer] instead.

const Layout := preload("operators_layout.gd")
const Step := preload("step.gd")
const Tensor := preload("tensor.gd")


static func kernels() -> Dictionary[String, Callable]:
	return {"Gemm": _gemm, "MatMul": _matmul}


static func _gemm(step: Step, inputs: Array[Tensor]) -> Array[Tensor]:
	if inputs[0].shape.size() != 2 or inputs[1].shape.size() != 2:
		return step.fail("shapes %s and %s are not matrices" % [inputs[0].shape, inputs[1].shape])
	var a: Tensor = _transposed(inputs[0]) if step.int_attribute("transA", 0) else inputs[0]
	var b: Tensor = _transposed(inputs[1]) if step.int_attribute("transB", 0) else inputs[1]
	if a.shape[1] != b.shape[0]:
		return step.fail("shapes %s and %s do not fit" % [a.shape, b.shape])
	var values: PackedFloat32Array = _product(a, b)
	var shape: PackedInt64Array = [a.shape[0], b.shape[1]]
	var bias: PackedFloat32Array = Tensor.zeros(shape).floats
	var addend: Tensor = step.optional(inputs, 2)
	if addend != null:
		if Layout.broadcast(addend.shape, shape) != shape:
			return step.fail("bias of shape %s does not fit %s" % [addend.shape, shape])
		bias = addend.expanded(shape).as_floats()
	var alpha: float = step.float_attribute("alpha", 1.0)
	var beta: float = step.float_attribute("beta", 1.0)
	for index: int in values.size():
		values[index] = alpha * values[index] + beta * bias[index]
	return [Tensor.of_floats(values, shape)]


static func _matmul(step: Step, inputs: Array[Tensor]) -> Array[Tensor]:
	var a: Tensor = inputs[0]
	var b: Tensor = inputs[1]
	var fitting: bool = not a.shape.is_empty() and b.shape.size() == 2
	if not fitting or a.shape[-1] != b.shape[0]:
		return step.fail("product of shapes %s and %s is not supported" % [a.shape, b.shape])
	var shape: PackedInt64Array = a.shape.slice(0, -1)
	var rows: int = Tensor.size_of(shape)
	shape.append(b.shape[1])
	return [Tensor.of_floats(_product(a.reshaped([rows, b.shape[0]]), b), shape)]


static func _transposed(matrix: Tensor) -> Tensor:
	var shape: PackedInt64Array = [matrix.shape[1], matrix.shape[0]]
	return matrix.picked(Tensor.strided_positions(shape, [1, matrix.shape[1]]), shape)


static func _product(a: Tensor, b: Tensor) -> PackedFloat32Array:
	var left: PackedFloat32Array = a.as_floats()
	var right: PackedFloat32Array = b.as_floats()
	var inner: int = a.shape[1]
	var columns: int = b.shape[1]
	var values: PackedFloat32Array = PackedFloat32Array()
	for row: int in a.shape[0]:
		for column: int in columns:
			var sum: float = 0.0
			for index: int in inner:
				sum += left[row * inner + index] * right[index * columns + column]
			values.append(sum)
	return values
