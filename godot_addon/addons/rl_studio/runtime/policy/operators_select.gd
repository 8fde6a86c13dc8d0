@tool
extends RefCounted
## Operators that put values together, take them apart or rearrange them.

const RlLimits := preload("limits.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")


static func kernels() -> Dictionary[String, Callable]:
	return {
		"Concat": _concat,
		"Gather": _gather,
		"OneHot": _one_hot,
		"Pad": _pad,
		"Slice": _slice,
		"Split": _split,
		"Tile": _tile,
		"Transpose": _transpose,
	}


static func _concat(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape.duplicate()
	var axis: int = step.axis_in(step.int_attribute("axis", 1), shape.size())
	if axis < 0:
		return []
	shape[axis] = 0
	for input: RlTensor in inputs:
		if input == null or input.shape.size() != shape.size():
			return step.fail("its shapes do not fit %s" % inputs[0].shape)
		shape[axis] += input.shape[axis]
	if not step.fits(shape):
		return []
	var ints: PackedInt64Array = PackedInt64Array()
	var floats: PackedFloat32Array = PackedFloat32Array()
	for outer: int in RlTensor.size_of(shape.slice(0, axis)):
		for input: RlTensor in inputs:
			var chunk: int = RlTensor.size_of(input.shape.slice(axis))
			if inputs[0].is_int:
				ints.append_array(input.as_ints().slice(outer * chunk, (outer + 1) * chunk))
			else:
				floats.append_array(input.as_floats().slice(outer * chunk, (outer + 1) * chunk))
	var whole: RlTensor = (
		RlTensor.of_ints(ints, shape) if inputs[0].is_int else RlTensor.of_floats(floats, shape)
	)
	if whole.count() != RlTensor.size_of(shape):
		return step.fail("the shapes do not fit along axis %d" % axis)
	return [whole]


static func _gather(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var axis: int = step.axis_in(step.int_attribute("axis", 0), shape.size())
	if axis < 0:
		return []
	var length: int = shape[axis]
	var inner: int = RlTensor.size_of(shape.slice(axis + 1))
	var to_shape: PackedInt64Array = shape.slice(0, axis)
	to_shape.append_array(inputs[1].shape)
	to_shape.append_array(shape.slice(axis + 1))
	if not step.fits(to_shape):
		return []
	var positions: PackedInt64Array = PackedInt64Array()
	for outer: int in RlTensor.size_of(shape.slice(0, axis)):
		for listed: int in inputs[1].as_ints():
			var index: int = listed + length if listed < 0 else listed
			if index < 0 or index >= length:
				return step.fail("index %d is outside of axis %d, %d long" % [listed, axis, length])
			for offset: int in inner:
				positions.append((outer * length + index) * inner + offset)
	return [inputs[0].picked(positions, to_shape)]


static func _one_hot(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape.duplicate()
	var axis: int = step.axis_in(step.int_attribute("axis", -1), shape.size() + 1)
	var depth: int = inputs[1].as_ints()[0]
	if axis < 0 or depth < 1 or inputs[2].count() != 2:
		return step.fail("depth %d along axis %d is not supported" % [depth, axis])
	var inner: int = RlTensor.size_of(shape.slice(axis))
	shape.insert(axis, depth)
	if not step.fits(shape):
		return []
	var values: PackedFloat32Array = inputs[2].as_floats()
	var result: PackedFloat32Array = RlTensor.zeros(shape).floats
	result.fill(values[0])
	var indices: PackedInt64Array = inputs[0].as_ints()
	for place: int in indices.size():
		var index: int = indices[place] + depth if indices[place] < 0 else indices[place]
		if index >= 0 and index < depth:
			@warning_ignore("integer_division")
			result[(place / inner * depth + index) * inner + place % inner] = values[1]
	var encoded: RlTensor = RlTensor.of_floats(result, shape)
	return [RlTensor.of_ints(encoded.as_ints(), shape) if inputs[2].is_int else encoded]


# The number that fills up is the input at 2, or an attribute of old.
static func _pad(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape
	var rank: int = shape.size()
	var pads: PackedInt64Array = step.ints_of("pads", inputs, 1)
	var mode: String = step.attributes.get("mode", "constant")
	if mode != "constant" or step.optional(inputs, 3) != null or pads.size() != 2 * rank:
		return step.fail('mode "%s" or pads of %s are not supported' % [mode, pads])
	var padded_shape: PackedInt64Array = PackedInt64Array()
	for axis: int in rank:
		if absi(pads[axis]) > step.limit or absi(pads[axis + rank]) > step.limit:
			return step.fail("pads of %s are too large, %d are possible" % [pads, step.limit])
		padded_shape.append(shape[axis] + pads[axis] + pads[axis + rank])
	if not step.fits(padded_shape):
		return []
	var filler: RlTensor = step.optional(inputs, 2)
	if filler == null:
		filler = RlTensor.of_floats([step.float_attribute("value", 0.0)], [1])
	var positions: PackedInt64Array = [0]
	var to_shape: PackedInt64Array = PackedInt64Array()
	for axis: int in rank:
		to_shape.append(shape[axis] + pads[axis] + pads[axis + rank])
		var longer: PackedInt64Array = PackedInt64Array()
		for position: int in positions:
			for place: int in range(-pads[axis], to_shape[axis] - pads[axis]):
				var inside: bool = position >= 0 and place >= 0 and place < shape[axis]
				longer.append(position * shape[axis] + place if inside else -1)
		positions = longer
	var whole: PackedFloat32Array = inputs[0].as_floats().duplicate()
	whole.append(filler.as_floats()[0])
	for index: int in positions.size():
		positions[index] = inputs[0].count() if positions[index] < 0 else positions[index]
	var padded: RlTensor = RlTensor.of_floats(whole, [whole.size()]).picked(positions, to_shape)
	return [RlTensor.of_ints(padded.as_ints(), to_shape) if inputs[0].is_int else padded]


static func _slice(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var starts: PackedInt64Array = step.ints_of("starts", inputs, 1)
	var ends: PackedInt64Array = step.ints_of("ends", inputs, 2)
	var axes: PackedInt64Array = PackedInt64Array(range(starts.size()))
	var listed: Variant = step.ints_of("axes", inputs, 3)
	if listed != null:
		axes = listed
	var steps: RlTensor = step.optional(inputs, 4)
	var counts: PackedInt64Array = [starts.size(), ends.size(), axes.size()]
	counts.append(axes.size() if steps == null else steps.count())
	if counts.count(counts[0]) != counts.size():
		return step.fail("starts, ends, axes and steps are not equally many: %s" % counts)
	var strides: PackedInt64Array = RlTensor.strides_of(inputs[0].shape)
	var shape: PackedInt64Array = inputs[0].shape.duplicate()
	var origin: int = 0
	for index: int in axes.size():
		var axis: int = step.axis_in(axes[index], shape.size())
		var stride: int = 1 if steps == null else steps.as_ints()[index]
		if axis < 0 or stride == 0:
			return step.fail("axes %s or their steps do not fit shape %s" % [axes, shape])
		var span: Vector2i = _slice_span(starts[index], ends[index], stride, shape[axis])
		origin += span.x * strides[axis]
		strides[axis] *= stride
		shape[axis] = span.y
	return [inputs[0].picked(RlTensor.strided_positions(shape, strides, origin), shape)]


# First index and number of elements of a Python-like slice.
static func _slice_span(start: int, end: int, stride: int, length: int) -> Vector2i:
	var lowest: int = 0 if stride > 0 else -1
	var highest: int = length if stride > 0 else length - 1
	var first: int = clampi(start + length if start < 0 else start, 0, highest)
	var last: int = clampi(end + length if end < 0 else end, lowest, highest)
	return Vector2i(first, maxi(0, ceili(float(last - first) / stride)))


static func _split(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape.duplicate()
	var axis: int = step.axis_in(step.int_attribute("axis", 0), shape.size())
	if axis < 0:
		return []
	var strides: PackedInt64Array = RlTensor.strides_of(shape)
	var total: int = shape[axis]
	var parts: int = step.output_slots.size()
	var listed: Variant = step.ints_of("split", inputs, 1)
	var origin: int = 0
	var outputs: Array[RlTensor] = []
	for index: int in parts:
		var length: int = mini(ceili(float(total) / parts), total - origin)
		if listed != null:
			var lengths: PackedInt64Array = listed
			length = lengths[index] if index < lengths.size() else total - origin
		if length < 0 or origin + length > total:
			return step.fail("axis %d, %d long, has no %d such parts" % [axis, total, parts])
		shape[axis] = length
		var positions: PackedInt64Array = RlTensor.strided_positions(
			shape, strides, origin * strides[axis]
		)
		outputs.append(inputs[0].picked(positions, shape.duplicate()))
		origin += length
	return outputs


static func _tile(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape.duplicate()
	var repeats: PackedInt64Array = inputs[1].as_ints()
	if repeats.size() != shape.size():
		return step.fail("repeats %s do not fit shape %s" % [repeats, shape])
	var to_shape: PackedInt64Array = PackedInt64Array()
	for axis: int in shape.size():
		to_shape.append(RlLimits.count([shape[axis], repeats[axis]]))
		if to_shape[-1] < 0 or not step.fits(to_shape):
			return step.fail("%s times as large as %s is too large" % [repeats, shape])
	var positions: PackedInt64Array = [0]
	for axis: int in shape.size():
		var longer: PackedInt64Array = PackedInt64Array()
		for position: int in positions:
			for index: int in shape[axis] * repeats[axis]:
				longer.append(position * shape[axis] + index % shape[axis])
		positions = longer
		shape[axis] *= repeats[axis]
	return [inputs[0].picked(positions, shape)]


static func _transpose(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var rank: int = inputs[0].shape.size()
	var reversed_axes: PackedInt64Array = PackedInt64Array(range(rank - 1, -1, -1))
	var order: PackedInt64Array = step.attributes.get("perm", reversed_axes)
	var sorted_axes: PackedInt64Array = order.duplicate()
	sorted_axes.sort()
	if sorted_axes != PackedInt64Array(range(rank)):
		return step.fail("axes %s do not fit shape %s" % [order, inputs[0].shape])
	var own_strides: PackedInt64Array = RlTensor.strides_of(inputs[0].shape)
	var shape: PackedInt64Array = PackedInt64Array()
	var strides: PackedInt64Array = PackedInt64Array()
	for axis: int in order:
		shape.append(inputs[0].shape[axis])
		strides.append(own_strides[axis])
	return [inputs[0].picked(RlTensor.strided_positions(shape, strides), shape)]
