@tool
extends RefCounted
## Operators over some axes of a value: sums, means, softmax, layer normalization. The axes are laid
## out as rows of numbers first, so each operator only sees rows.

const Step := preload("step.gd")
const Tensor := preload("tensor.gd")

## From here on the axis of Softmax means that axis alone, before it and all axes after it.
const SINGLE_AXIS_OPSET: int = 13


static func kernels() -> Dictionary[String, Callable]:
	return {
		"LayerNormalization": _layer_normalization,
		"LogSoftmax": _softmax.bind(true),
		"ReduceMax": _reduce,
		"ReduceMean": _reduce,
		"ReduceMin": _reduce,
		"ReduceSum": _reduce,
		"Softmax": _softmax.bind(false),
	}


static func _reduce(step: Step, inputs: Array[Tensor]) -> Array[Tensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var axes: PackedInt64Array = PackedInt64Array()
	var listed: Variant = step.ints_of("axes", inputs, 1)
	if listed != null:
		axes = listed
	if axes.is_empty():
		if step.int_attribute("noop_with_empty_axes", 0) == 1:
			return [inputs[0]]
		axes = PackedInt64Array(range(shape.size()))
	var to_shape: PackedInt64Array = PackedInt64Array()
	var chosen: PackedInt64Array = PackedInt64Array()
	for axis: int in axes:
		chosen.append(step.axis_in(axis, shape.size()))
	if chosen.has(-1):
		return []
	for axis: int in shape.size():
		if not chosen.has(axis):
			to_shape.append(shape[axis])
		elif step.int_attribute("keepdims", 1) == 1:
			to_shape.append(1)
	var positions: PackedInt64Array = _row_positions(shape, chosen)
	var values: PackedFloat32Array = inputs[0].picked(positions, shape).as_floats()
	var rows: int = maxi(Tensor.size_of(to_shape), 1)
	@warning_ignore("integer_division")
	var width: int = values.size() / rows
	var results: PackedFloat32Array = PackedFloat32Array()
	for row: int in rows:
		results.append(_reduced(step.op, values.slice(row * width, (row + 1) * width)))
	var reduced: Tensor = Tensor.of_floats(results, to_shape)
	return [Tensor.of_ints(reduced.as_ints(), to_shape) if inputs[0].is_int else reduced]


static func _reduced(op: String, row: PackedFloat32Array) -> float:
	if op == "ReduceMax":
		return Array(row).max()
	if op == "ReduceMin":
		return Array(row).min()
	var sum: float = 0.0
	for value: float in row:
		sum += value
	return sum / row.size() if op == "ReduceMean" else sum


static func _softmax(step: Step, inputs: Array[Tensor], logarithm: bool) -> Array[Tensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var single: bool = step.opset >= SINGLE_AXIS_OPSET
	var axis: int = step.axis_in(step.int_attribute("axis", -1 if single else 1), shape.size())
	if axis < 0:
		return []
	var axes: PackedInt64Array = [axis]
	if not single:
		axes = PackedInt64Array(range(axis, shape.size()))
	return [_by_rows(inputs[0], axes, _softmax_row.bind(logarithm))]


static func _softmax_row(row: PackedFloat32Array, logarithm: bool) -> PackedFloat32Array:
	var highest: float = Array(row).max()
	var sum: float = 0.0
	for value: float in row:
		sum += exp(value - highest)
	for index: int in row.size():
		var shifted: float = row[index] - highest
		row[index] = shifted - log(sum) if logarithm else exp(shifted) / sum
	return row


static func _layer_normalization(step: Step, inputs: Array[Tensor]) -> Array[Tensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var axis: int = step.axis_in(step.int_attribute("axis", -1), shape.size())
	if axis < 0:
		return []
	var normal_shape: PackedInt64Array = shape.slice(axis)
	var scale: PackedFloat32Array = inputs[1].expanded(normal_shape).as_floats()
	var bias: PackedFloat32Array = Tensor.zeros(normal_shape).floats
	if step.optional(inputs, 2) != null:
		bias = inputs[2].expanded(normal_shape).as_floats()
	var epsilon: float = step.float_attribute("epsilon", 1e-5)
	var axes: PackedInt64Array = PackedInt64Array(range(axis, shape.size()))
	return [_by_rows(inputs[0], axes, _normalized_row.bind(scale, bias, epsilon))]


static func _normalized_row(
	row: PackedFloat32Array, scale: PackedFloat32Array, bias: PackedFloat32Array, epsilon: float
) -> PackedFloat32Array:
	var mean: float = _reduced("ReduceMean", row)
	var squares: float = 0.0
	for value: float in row:
		squares += (value - mean) ** 2
	var deviation: float = sqrt(squares / row.size() + epsilon)
	for index: int in row.size():
		row[index] = (row[index] - mean) / deviation * scale[index] + bias[index]
	return row


# Applies a function to each row along the axes; numbers keep their places.
static func _by_rows(input: Tensor, axes: PackedInt64Array, function: Callable) -> Tensor:
	var positions: PackedInt64Array = _row_positions(input.shape, axes)
	var width: int = 1
	for axis: int in axes:
		width *= input.shape[axis]
	var values: PackedFloat32Array = input.picked(positions, input.shape).as_floats()
	var result: PackedFloat32Array = values.duplicate()
	for start: int in range(0, values.size(), width):
		var row: PackedFloat32Array = function.call(values.slice(start, start + width))
		for index: int in width:
			result[positions[start + index]] = row[index]
	return Tensor.of_floats(result, input.shape)


# Positions of the elements with the given axes last: one row after the other.
static func _row_positions(shape: PackedInt64Array, axes: PackedInt64Array) -> PackedInt64Array:
	var own: PackedInt64Array = Tensor.strides_of(shape)
	var lengths: PackedInt64Array = PackedInt64Array()
	var strides: PackedInt64Array = PackedInt64Array()
	for is_last: bool in [false, true]:
		for axis: int in shape.size():
			if axes.has(axis) == is_last:
				lengths.append(shape[axis])
				strides.append(own[axis])
	return Tensor.strided_positions(lengths, strides)
