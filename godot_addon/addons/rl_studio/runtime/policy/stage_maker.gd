@tool
extends RefCounted
## Finds the stage for a traced step: the fastest way to run the operator for many agents at once.

const RlBinary := preload("binary.gd")
const RlBinaryFunctions := preload("binary_functions.gd")
const RlConvolution := preload("convolution.gd")
const RlDenseLayer := preload("dense_layer.gd")
const RlElementwise := preload("elementwise.gd")
const RlFunctions := preload("functions.gd")
const RlKernelStage := preload("kernel_stage.gd")
const RlLayerNorm := preload("layer_norm.gd")
const RlLayerOperators := preload("operators_layers.gd")
const RlMathOperators := preload("operators_math.gd")
const RlPick := preload("pick.gd")
const RlPooling := preload("pooling.gd")
const RlRecurrentMaker := preload("recurrent_maker.gd")
const RlRowFunction := preload("row_function.gd")
const RlRowOperators := preload("operators_rows.gd")
const RlStage := preload("stage.gd")
const RlStageList := preload("stage_list.gd")
const RlStageMaker := preload("stage_maker.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

## Operators that only put numbers into another order, and which of their inputs those numbers are
## in; empty = in all.
const LAYOUTS: Dictionary[String, Array] = {
	"Concat": [],
	"Expand": [0],
	"Gather": [0],
	"Pad": [0, 2],
	"Slice": [0],
	"Split": [0],
	"Tile": [0],
	"Transpose": [0],
}

## Type of [code]Cast[/code] by its number in ONNX.
const BOOLEAN: int = 9

var _step: RlStep
# Values of the trace; null for an input left out.
var _inputs: Array[RlTensor]
var _outputs: Array[RlTensor]
# Which of the inputs change.
var _changing: PackedInt32Array


## Makes the stage of [param step]: [param inputs] and [param outputs] are values of its trace,
## [param changing] those inputs that are not constant.
static func make(
	step: RlStep, inputs: Array[RlTensor], outputs: Array[RlTensor], changing: PackedInt32Array
) -> RlStage:
	var maker: RlStageMaker = RlStageMaker.new()
	maker._step = step
	maker._inputs = inputs
	maker._outputs = outputs
	maker._changing = changing
	var stage: RlStage = maker._make()
	return stage if stage != null else RlKernelStage.create(step, inputs, changing)


## The stages of a step that puts numbers into another order, one for each output.
static func make_picks(
	step: RlStep, inputs: Array[RlTensor], changing: PackedInt32Array
) -> Array[RlPick]:
	var tagged: Array[RlTensor] = inputs.duplicate()
	var widths: PackedInt64Array = PackedInt64Array()
	var carriers: Array[RlTensor] = []
	var constants: Array[bool] = []
	var data: Array = LAYOUTS[step.op]
	if step.op == "Pad" and (tagged.size() < 3 or tagged[2] == null):
		tagged.resize(3)
		tagged[2] = RlTensor.of_floats([step.float_attribute("value", 0.0)], [1])
	var total: int = 0
	for index: int in tagged.size():
		if not data.is_empty() and not data.has(index):
			continue
		var carrier: RlTensor = tagged[index]
		var count: int = carrier.count()
		var tags: PackedInt64Array = PackedInt64Array(range(total, total + count))
		tagged[index] = RlTensor.of_ints(tags, carrier.shape)
		carriers.append(carrier)
		constants.append(not changing.has(index))
		widths.append(count)
		total += count
	var picks: Array[RlPick] = []
	for made: RlTensor in step.kernel.call(step, tagged):
		var pick: RlPick = RlPick.create(made.as_ints(), widths)
		for index: int in carriers.size():
			if constants[index]:
				pick.set_constant(index, carriers[index].as_floats())
		picks.append(pick)
	return picks


## Whether [param step] only puts numbers into another order, known beforehand.
static func is_layout(step: RlStep, changing: PackedInt32Array) -> bool:
	if not LAYOUTS.has(step.op):
		return false
	var data: Array = LAYOUTS[step.op]
	for index: int in changing:
		if not data.is_empty() and not data.has(index):
			return false
	return true


func _make() -> RlStage:
	match _step.op:
		"Cast", "CastLike":
			var is_truth: bool = _step.int_attribute("to", 1) == BOOLEAN
			return RlElementwise.create(RlFunctions.of_cast(is_truth))
		"GRU", "LSTM", "RNN":
			return RlRecurrentMaker.make(_step, _inputs, _changing)
	if RlBinaryFunctions.functions().has(_step.op) and _inputs.size() == 2:
		return _make_binary()
	return _make_of_first() if _changing == PackedInt32Array([0]) else null


# For operators of which only the first input changes.
func _make_of_first() -> RlStage:
	match _step.op:
		"BatchNormalization":
			return _make_batch_normalization()
		"Conv":
			return _make_convolution()
		"Gemm", "MatMul":
			return _make_dense()
		"MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool":
			return RlPooling.create(
				RlLayerOperators.windows_of(_step, _inputs),
				_inputs[0].shape[1],
				_step.op.ends_with("AveragePool"),
				_step.int_attribute("count_include_pad", 0) != 0
			)
	return _make_row_function()


func _make_dense() -> RlStage:
	var weights: RlTensor = _inputs[1]
	if weights.shape.size() != 2 or _step.int_attribute("transA", 0) != 0:
		return null
	var transposed: bool = _step.int_attribute("transB", 0) != 0
	var width: int = weights.shape[1 if transposed else 0]
	var outputs: int = weights.shape[0 if transposed else 1]
	var bias: RlTensor = _step.optional(_inputs, 2)
	if bias != null and bias.count() != 1:
		if bias.count() != outputs or bias.shape[-1] != outputs:
			return null
	var alpha: float = _step.float_attribute("alpha", 1.0)
	var layer: RlDenseLayer = RlDenseLayer.create(
		weights.as_floats(), width, outputs, transposed, alpha
	)
	@warning_ignore("integer_division")
	layer.inner_rows = _inputs[0].count() / width
	if bias != null:
		layer.add_bias(bias.as_floats(), _step.float_attribute("beta", 1.0))
	return layer


func _make_binary() -> RlStage:
	var shape: PackedInt64Array = _outputs[0].shape
	var binary: RlBinary = RlBinary.create(
		RlMathOperators.function_of(_step, _inputs),
		_outputs[0].count(),
		_step.op in RlBinaryFunctions.UNSAFE
	)
	for index: int in 2:
		var tensor: RlTensor = _inputs[index]
		if not _changing.has(index):
			binary.set_constant(index, tensor.expanded(shape).as_floats())
		elif tensor.count() != _outputs[0].count():
			var count: int = tensor.count()
			var tags: PackedInt64Array = PackedInt64Array(range(count))
			var places: RlTensor = RlTensor.of_ints(tags, tensor.shape).expanded(shape)
			binary.set_pick(index, RlPick.create(places.ints, [count]))
	return binary


func _make_convolution() -> RlStage:
	var bias: PackedFloat32Array = PackedFloat32Array()
	if _step.optional(_inputs, 2) != null:
		bias = _inputs[2].as_floats()
	return RlConvolution.create(
		RlLayerOperators.windows_of(_step, _inputs),
		_inputs[1].as_floats(),
		_inputs[1].shape[0],
		_inputs[0].shape[1],
		_step.int_attribute("group", 1),
		bias
	)


func _make_batch_normalization() -> RlStage:
	var factors: Array[PackedFloat32Array] = RlLayerOperators.batch_factors(_step, _inputs)
	var functions: Dictionary[String, Callable] = RlBinaryFunctions.functions()
	var scale: RlBinary = RlBinary.create(functions["Mul"], _inputs[0].count(), false)
	scale.set_constant(1, factors[0])
	var shift: RlBinary = RlBinary.create(functions["Add"], _inputs[0].count(), false)
	shift.set_constant(1, factors[1])
	return RlStageList.create([scale, shift])


func _make_row_function() -> RlStage:
	var plan: RlRowOperators.RlRowPlan = RlRowOperators.plan_of(_step, _inputs)
	if plan == null or plan.axes.is_empty():
		return null
	var shape: PackedInt64Array = _inputs[0].shape
	var count: int = _inputs[0].count()
	var width: int = 1
	for axis: int in plan.axes:
		width *= shape[axis]
	if _step.op == "LayerNormalization" and width == count and _inputs[1].count() == count:
		return _make_layer_norm(width)
	var positions: PackedInt64Array = RlRowOperators.row_positions(shape, plan.axes)
	var before: RlPick = null
	var after: RlPick = null
	if positions != PackedInt64Array(range(count)):
		before = RlPick.create(positions, [count])
		if _outputs[0].count() == count:
			var back: PackedInt64Array = positions.duplicate()
			for index: int in count:
				back[positions[index]] = index
			after = RlPick.create(back, [count])
	return RlRowFunction.create(plan.function, count, width, before, after)


func _make_layer_norm(width: int) -> RlStage:
	var bias: PackedFloat32Array = RlTensor.zeros([width]).floats
	if _step.optional(_inputs, 2) != null:
		bias = _inputs[2].as_floats()
	return RlLayerNorm.create(_inputs[1].as_floats(), bias, _step.float_attribute("epsilon", 1e-5))
