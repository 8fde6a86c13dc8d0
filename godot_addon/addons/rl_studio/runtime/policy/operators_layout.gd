@tool
extends RefCounted
## Operators that keep the numbers and change shape or type, and those that deal in shapes.

const RlLimits := preload("limits.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

## Types of [code]Cast[/code] by their number in ONNX.
const REAL_TYPES: Array[int] = [1, 10, 11, 16]
const WHOLE_TYPES: Array[int] = [2, 3, 4, 5, 6, 7, 12, 13]
const BOOLEAN: int = 9


static func kernels() -> Dictionary[String, Callable]:
	return {
		"Cast": _cast,
		"CastLike": _cast_like,
		"ConstantOfShape": _constant_of_shape,
		"Dropout": _identity,
		"Expand": _expand,
		"Flatten": _flatten,
		"Identity": _identity,
		"Range": _range,
		"Reshape": _reshape,
		"Shape": _shape,
		"Size": _size,
		"Squeeze": _squeeze,
		"Unsqueeze": _unsqueeze,
	}


## The shape two values have together, after NumPy's rules. Returns null if they do not fit.
static func broadcast(a: PackedInt64Array, b: PackedInt64Array) -> Variant:
	var longer: PackedInt64Array = a if a.size() >= b.size() else b
	var shorter: PackedInt64Array = b if a.size() >= b.size() else a
	var shape: PackedInt64Array = longer.duplicate()
	var offset: int = longer.size() - shorter.size()
	for axis: int in shorter.size():
		var length: int = shorter[axis]
		if shape[axis + offset] == 1:
			shape[axis + offset] = length
		elif length != 1 and length != shape[axis + offset]:
			return null
	return shape


static func _identity(_step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	return [inputs[0]]


static func _cast(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var to: int = step.int_attribute("to", 1)
	var input: RlTensor = inputs[0]
	if to in REAL_TYPES:
		return [RlTensor.of_floats(input.as_floats(), input.shape)]
	if to in WHOLE_TYPES:
		return [RlTensor.of_ints(input.as_ints(), input.shape)]
	if to != BOOLEAN:
		return step.fail("type %d is not supported" % to)
	var truths: PackedInt64Array = PackedInt64Array()
	for value: float in input.as_floats():
		truths.append(int(value != 0.0))
	return [RlTensor.of_ints(truths, input.shape)]


static func _cast_like(_step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	if inputs[1].is_int:
		return [RlTensor.of_ints(inputs[0].as_ints(), inputs[0].shape)]
	return [RlTensor.of_floats(inputs[0].as_floats(), inputs[0].shape)]


static func _constant_of_shape(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].as_ints()
	var value: Dictionary = step.attributes.get("value", {})
	if not step.fits(shape):
		return []
	var value_shape: PackedInt64Array = value.get("shape", PackedInt64Array())
	if RlLimits.count(value_shape) != 1:
		return step.fail("its value is no single number")
	var single: PackedInt64Array = PackedInt64Array()
	single.resize(shape.size())
	single.fill(1)
	if value.has("ints"):
		var whole: PackedInt64Array = value["ints"]
		return [RlTensor.of_ints(whole, single).expanded(shape)]
	var number: PackedFloat32Array = value.get("floats", PackedFloat32Array([0.0]))
	return [RlTensor.of_floats(number, single).expanded(shape)]


static func _expand(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: Variant = broadcast(inputs[0].shape, inputs[1].as_ints())
	if shape == null:
		return step.fail("%s does not expand to %s" % [inputs[0].shape, inputs[1].as_ints()])
	var to_shape: PackedInt64Array = shape
	if not step.fits(to_shape):
		return []
	return [inputs[0].expanded(to_shape)]


static func _flatten(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var axis: int = step.int_attribute("axis", 1)
	axis = axis + shape.size() if axis < 0 else axis
	if axis < 0 or axis > shape.size():
		return step.fail("axis %d does not exist in shape %s" % [axis, shape])
	var rows: int = RlTensor.size_of(shape.slice(0, axis))
	return [inputs[0].reshaped([rows, RlTensor.size_of(shape.slice(axis))])]


static func _range(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var limits: PackedFloat32Array = PackedFloat32Array()
	for input: RlTensor in inputs:
		limits.append(input.as_floats()[0])
	if limits[2] == 0.0:
		return step.fail("a step of 0 leads nowhere")
	var span: float = (limits[1] - limits[0]) / limits[2]
	if not is_finite(span) or absf(span) > RlLimits.ENDLESS:
		return step.fail("it has no end: from %s to %s in steps of %s" % Array(limits))
	var length: int = maxi(0, ceili(span))
	if not step.fits([length]):
		return []
	var values: PackedFloat32Array = PackedFloat32Array()
	for index: int in length:
		values.append(limits[0] + index * limits[2])
	var listed: RlTensor = RlTensor.of_floats(values, [values.size()])
	return [RlTensor.of_ints(listed.as_ints(), listed.shape) if inputs[0].is_int else listed]


static func _reshape(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[1].as_ints().duplicate()
	var unknown_axis: int = -1
	for axis: int in shape.size():
		if shape[axis] == 0 and step.int_attribute("allowzero", 0) == 0:
			shape[axis] = inputs[0].shape[axis] if axis < inputs[0].shape.size() else 0
		if shape[axis] == -1:
			unknown_axis = axis
	var others: PackedInt64Array = shape.duplicate()
	if unknown_axis >= 0:
		others.remove_at(unknown_axis)
	var known: int = RlLimits.count(others)
	if unknown_axis >= 0 and known > 0:
		@warning_ignore("integer_division")
		shape[unknown_axis] = inputs[0].count() / known
	if RlLimits.count(shape) != inputs[0].count() or shape.size() > RlLimits.AXES:
		return step.fail("%s does not reshape to %s" % [inputs[0].shape, inputs[1].as_ints()])
	return [inputs[0].reshaped(shape)]


static func _shape(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var last: int = step.int_attribute("end", shape.size())
	shape = shape.slice(step.int_attribute("start", 0), last)
	return [RlTensor.of_ints(shape, [shape.size()])]


static func _size(_step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	return [RlTensor.of_ints([inputs[0].count()], [])]


static func _squeeze(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var listed: Variant = step.ints_of("axes", inputs, 1)
	var gone: Dictionary[int, bool] = {}
	if listed == null:
		for axis: int in shape.size():
			if shape[axis] == 1:
				gone[axis] = true
	else:
		var axes: PackedInt64Array = listed
		for axis: int in axes:
			gone[step.axis_in(axis, shape.size())] = true
	var kept: PackedInt64Array = PackedInt64Array()
	for axis: int in shape.size():
		if not gone.has(axis):
			kept.append(shape[axis])
		elif shape[axis] != 1:
			return step.fail("axis %d of shape %s is not 1 long" % [axis, shape])
	return [inputs[0].reshaped(kept)]


static func _unsqueeze(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var listed: Variant = step.ints_of("axes", inputs, 1)
	if listed == null:
		return step.fail("axes are missing")
	var axes: PackedInt64Array = listed
	var rank: int = inputs[0].shape.size() + axes.size()
	if rank > RlLimits.AXES:
		return step.fail("%d axes are too many, %d are possible" % [rank, RlLimits.AXES])
	var added: Dictionary[int, bool] = {}
	for axis: int in axes:
		added[step.axis_in(axis, rank)] = true
	var shape: PackedInt64Array = PackedInt64Array()
	var next: int = 0
	for axis: int in rank:
		if added.has(axis):
			shape.append(1)
		elif next < inputs[0].shape.size():
			shape.append(inputs[0].shape[next])
			next += 1
	return [inputs[0].reshaped(shape)]
