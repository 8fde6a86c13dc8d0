@tool
extends RefCounted
## Operators over some axes of a value: sums, means, softmax, layer normalization. The axes are laid
## out as rows of numbers first, so each operator only sees rows.

const RlLayout := preload("operators_layout.gd")
const RlRowFunctions := preload("row_functions.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

## From here on the axis of Softmax means that axis alone, before it and all axes after it.
const SINGLE_AXIS_OPSET: int = 13
const REDUCTIONS: PackedStringArray = [
	"ReduceL1",
	"ReduceL2",
	"ReduceLogSum",
	"ReduceLogSumExp",
	"ReduceMax",
	"ReduceMean",
	"ReduceMin",
	"ReduceProd",
	"ReduceSum",
	"ReduceSumSquare",
]


static func kernels() -> Dictionary[String, Callable]:
	var all: Dictionary[String, Callable] = {
		"ArgMax": _pick_one,
		"ArgMin": _pick_one,
		"CumSum": _by_plan,
		"LayerNormalization": _by_plan,
		"LogSoftmax": _by_plan,
		"LpNormalization": _by_plan,
		"Softmax": _by_plan,
	}
	for op: String in REDUCTIONS:
		all[op] = _reduce
	return all


## What [param step] does with each row, as func(row: PackedFloat32Array) -> PackedFloat32Array, and
## along which axes rows lie; null if it is no such operator or does not fit. Only the first of
## [param inputs] may change.
static func plan_of(step: RlStep, inputs: Array[RlTensor]) -> RlRowPlan:
	var shape: PackedInt64Array = inputs[0].shape
	match step.op:
		"Softmax", "LogSoftmax":
			return _softmax_plan(step, shape)
		"LayerNormalization":
			return _normalization_plan(step, inputs)
		"ArgMax", "ArgMin":
			var is_last: bool = step.int_attribute("select_last_index", 0) != 0
			var axis: int = step.axis_in(step.int_attribute("axis", 0), shape.size())
			return RlRowPlan.new(
				[axis], RlRowFunctions.find_best.bind(step.op == "ArgMin", is_last)
			)
		"LpNormalization":
			var axis: int = step.axis_in(step.int_attribute("axis", -1), shape.size())
			return RlRowPlan.new(
				[axis], RlRowFunctions.normalize_length.bind(step.int_attribute("p", 2))
			)
		"CumSum":
			var axis: int = step.axis_in(inputs[1].as_ints()[0], shape.size())
			var exclusive: bool = step.int_attribute("exclusive", 0) != 0
			var from_end: bool = step.int_attribute("reverse", 0) != 0
			return RlRowPlan.new([axis], RlRowFunctions.sum_up.bind(exclusive, from_end))
	if step.op in REDUCTIONS:
		return RlRowPlan.new(_reduced_axes(step, inputs), RlRowFunctions.reduce.bind(step.op))
	return null


static func _reduced_axes(step: RlStep, inputs: Array[RlTensor]) -> PackedInt64Array:
	var rank: int = inputs[0].shape.size()
	var listed: Variant = step.ints_of("axes", inputs, 1)
	var axes: PackedInt64Array = PackedInt64Array() if listed == null else listed
	if axes.is_empty() and step.int_attribute("noop_with_empty_axes", 0) == 0:
		return PackedInt64Array(range(rank))
	var chosen: PackedInt64Array = PackedInt64Array()
	for axis: int in axes:
		chosen.append(step.axis_in(axis, rank))
	return chosen


static func _reduce(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	return _shrunk(step, inputs, _reduced_axes(step, inputs), RlRowFunctions.reduce.bind(step.op))


static func _pick_one(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var plan: RlRowPlan = plan_of(step, inputs)
	var result: Array[RlTensor] = _shrunk(step, inputs, plan.axes, plan.function)
	if result.is_empty():
		return []
	return [RlTensor.of_ints(result[0].as_ints(), result[0].shape)]


# One number for each row.
static func _shrunk(
	step: RlStep, inputs: Array[RlTensor], axes: PackedInt64Array, function: Callable
) -> Array[RlTensor]:
	if axes.has(-1):
		return []
	var shape: PackedInt64Array = inputs[0].shape
	if axes.is_empty():
		return [inputs[0]]
	var to_shape: PackedInt64Array = PackedInt64Array()
	var width: int = 1
	for axis: int in shape.size():
		if not axes.has(axis):
			to_shape.append(shape[axis])
			continue
		width *= shape[axis]
		if step.int_attribute("keepdims", 1) == 1:
			to_shape.append(1)
	var positions: PackedInt64Array = row_positions(shape, axes)
	var values: PackedFloat32Array = inputs[0].picked(positions, shape).as_floats()
	var results: PackedFloat32Array = PackedFloat32Array()
	for start: int in range(0, values.size(), width):
		var result: PackedFloat32Array = function.call(values.slice(start, start + width))
		results.append_array(result)
	var reduced: RlTensor = RlTensor.of_floats(results, to_shape)
	return [RlTensor.of_ints(reduced.as_ints(), to_shape) if inputs[0].is_int else reduced]


static func _softmax_plan(step: RlStep, shape: PackedInt64Array) -> RlRowPlan:
	var single: bool = step.opset >= SINGLE_AXIS_OPSET
	var axis: int = step.axis_in(step.int_attribute("axis", -1 if single else 1), shape.size())
	var axes: PackedInt64Array = [axis]
	if not single and axis >= 0:
		axes = PackedInt64Array(range(axis, shape.size()))
	return RlRowPlan.new(axes, RlRowFunctions.softmax.bind(step.op == "LogSoftmax"))


static func _normalization_plan(step: RlStep, inputs: Array[RlTensor]) -> RlRowPlan:
	var shape: PackedInt64Array = inputs[0].shape
	var axis: int = step.axis_in(step.int_attribute("axis", -1), shape.size())
	var normal_shape: PackedInt64Array = shape.slice(maxi(axis, 0))
	for input: RlTensor in inputs.slice(1):
		if input != null and RlLayout.broadcast(input.shape, normal_shape) != normal_shape:
			step.fail("shapes %s and %s do not fit" % [shape, input.shape])
			return RlRowPlan.new([-1], Callable())
	var scale: PackedFloat32Array = inputs[1].expanded(normal_shape).as_floats()
	var bias: PackedFloat32Array = RlTensor.zeros(normal_shape).floats
	if step.optional(inputs, 2) != null:
		bias = inputs[2].expanded(normal_shape).as_floats()
	var epsilon: float = step.float_attribute("epsilon", 1e-5)
	var axes: PackedInt64Array = [-1]
	if axis >= 0:
		axes = PackedInt64Array(range(axis, shape.size()))
	return RlRowPlan.new(axes, RlRowFunctions.normalize.bind(scale, bias, epsilon))


# Applies the function of a step to each row along its axes; numbers keep their places.
static func _by_plan(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var plan: RlRowPlan = plan_of(step, inputs)
	if plan.axes.has(-1):
		return []
	var shape: PackedInt64Array = inputs[0].shape
	var positions: PackedInt64Array = row_positions(shape, plan.axes)
	var width: int = 1
	for axis: int in plan.axes:
		width *= shape[axis]
	var values: PackedFloat32Array = inputs[0].picked(positions, shape).as_floats()
	var result: PackedFloat32Array = values.duplicate()
	for start: int in range(0, values.size(), width):
		var row: PackedFloat32Array = plan.function.call(values.slice(start, start + width))
		for index: int in width:
			result[positions[start + index]] = row[index]
	var done: RlTensor = RlTensor.of_floats(result, shape)
	return [RlTensor.of_ints(done.as_ints(), shape) if inputs[0].is_int else done]


## Positions of the elements with the given axes last: one row after the other.
static func row_positions(shape: PackedInt64Array, axes: PackedInt64Array) -> PackedInt64Array:
	var own: PackedInt64Array = RlTensor.strides_of(shape)
	var lengths: PackedInt64Array = PackedInt64Array()
	var strides: PackedInt64Array = PackedInt64Array()
	for is_last: bool in [false, true]:
		for axis: int in shape.size():
			if axes.has(axis) == is_last:
				lengths.append(shape[axis])
				strides.append(own[axis])
	return RlTensor.strided_positions(lengths, strides)


## A function of rows and the axes along which they lie; -1 among them is one that does not exist.
class RlRowPlan:
	extends RefCounted

	var axes: PackedInt64Array
	var function: Callable

	func _init(row_axes: PackedInt64Array, row: Callable) -> void:
		axes = row_axes
		function = row
