@tool
extends RefCounted
## Makes a traced network fast: matrix products with constant weights become dense layers, and a
## network that is nothing but layers and elementwise functions becomes one chain.

const DenseChain := preload("dense_chain.gd")
const DenseLayer := preload("dense_layer.gd")
const Fusion := preload("fusion.gd")
const Plan := preload("plan.gd")
const Stage := preload("stage.gd")
const Step := preload("step.gd")
const Tensor := preload("tensor.gd")

## Operators that leave the numbers of a value of reals and their order alone.
const PASS_THROUGH: PackedStringArray = [
	"Cast", "Dropout", "Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"
]

var _plan: Plan
var _steps: Array[Step]
# Values of the trace by slot.
var _values: Array[Tensor]
# How many steps read a slot; outputs count as one more.
var _readers: Dictionary[int, int] = {}
var _makers: Dictionary[int, Step] = {}


## Fills in the steps and the chain of [param plan] from the traced steps and values.
static func fuse(plan: Plan, steps: Array[Step], values: Array[Tensor]) -> void:
	var fusion: Fusion = Fusion.new()
	fusion._fuse(plan, steps, values)


func _fuse(plan: Plan, steps: Array[Step], values: Array[Tensor]) -> void:
	_plan = plan
	_values = values
	_count_readers(steps)
	for step: Step in steps:
		if not _merge_bias(step):
			_make_dense(step)
			_steps.append(step)
			for slot: int in step.output_slots:
				_makers[slot] = step
	_find_chain()
	_keep_needed_steps()


func _count_readers(steps: Array[Step]) -> void:
	for step: Step in steps:
		for slot: int in step.input_slots:
			_readers[slot] = _readers.get(slot, 0) + 1
	for output: String in _plan.output_slots:
		var slot: int = _plan.output_slots[output]
		_readers[slot] = _readers.get(slot, 0) + 1


func _constant_at(step: Step, index: int) -> Tensor:
	if index >= step.input_slots.size() or step.input_slots[index] < 0:
		return null
	return _plan.constants[step.input_slots[index]]


func _make_dense(step: Step) -> void:
	var weights: Tensor = _constant_at(step, 1)
	if not step.op in ["Gemm", "MatMul"] or weights == null or weights.shape.size() != 2:
		return
	var transposed: bool = step.int_attribute("transB", 0) != 0
	var inputs: int = weights.shape[1 if transposed else 0]
	var outputs: int = weights.shape[0 if transposed else 1]
	if step.int_attribute("transA", 0) != 0 or _values[step.input_slots[0]].count() != inputs:
		return
	var has_bias: bool = step.input_slots.size() > 2 and step.input_slots[2] >= 0
	var bias: Tensor = _constant_at(step, 2)
	if has_bias and bias == null:
		return
	var alpha: float = step.float_attribute("alpha", 1.0)
	var layer: DenseLayer = DenseLayer.create(
		weights.as_floats(), inputs, outputs, transposed, alpha
	)
	if has_bias:
		layer.add_bias(bias.as_floats(), step.float_attribute("beta", 1.0))
	step.stage = layer
	step.stage_shape = _values[step.output_slots[0]].shape
	step.input_slots = [step.input_slots[0]]


# Takes an Add of constants into the layer before it. Returns false if [param step] is none.
func _merge_bias(step: Step) -> bool:
	if step.op != "Add":
		return false
	for index: int in 2:
		var bias: Tensor = _constant_at(step, index)
		var slot: int = step.input_slots[1 - index]
		var maker: Step = _makers.get(slot)
		if bias == null or maker == null or not maker.stage is DenseLayer or _readers[slot] != 1:
			continue
		var layer: DenseLayer = maker.stage
		var sum: Tensor = _values[step.output_slots[0]]
		if sum.count() == layer.output_count and bias.count() in [1, layer.output_count]:
			layer.add_bias(bias.as_floats())
			maker.output_slots = step.output_slots
			maker.stage_shape = sum.shape
			_makers[step.output_slots[0]] = maker
			return true
	return false


# Walks from the main output back to the inputs; gives up at anything that is not a stage.
func _find_chain() -> void:
	var found: DenseChain = DenseChain.new()
	var slot: int = _plan.output_slots.get(_plan.main_output, -1)
	if slot < 0:
		return
	found.output_count = _values[slot].count()
	while _makers.has(slot):
		var step: Step = _makers[slot]
		if step.op == "Concat" or not (step.stage != null or _passes_through(step)):
			break
		if step.stage != null:
			found.stages.push_front(step.stage)
		slot = step.input_slots[0]
	for leaf: int in _leaves(slot):
		var key: Variant = _plan.input_slots.find_key(leaf)
		if key == null or key == Plan.STATE_INPUT:
			return
		var input: String = key
		found.input_names.append(input)
		found.input_count += _values[leaf].count()
	if found.input_count == _values[slot].count():
		found.flat_count = found.input_count if found.input_names.size() == 1 else -1
		_plan.chain = found


# Slots of the values that lie one after another in [param slot].
func _leaves(slot: int) -> PackedInt32Array:
	var step: Step = _makers.get(slot)
	if step == null:
		return [slot]
	if _passes_through(step):
		return _leaves(step.input_slots[0])
	if step.op != "Concat" or not _is_plain_row(step):
		return [-1]
	var leaves: PackedInt32Array = []
	for input: int in step.input_slots:
		leaves.append_array(_leaves(input))
	return leaves


# Whether a Concat only puts its inputs one after another: all axes before its own are 1 long.
func _is_plain_row(step: Step) -> bool:
	var shape: PackedInt64Array = _values[step.output_slots[0]].shape
	var axis: int = step.axis_in(step.int_attribute("axis", 1), shape.size())
	return Tensor.size_of(shape.slice(0, axis)) == 1


func _passes_through(step: Step) -> bool:
	if not step.op in PASS_THROUGH:
		return false
	var input: Tensor = _values[step.input_slots[0]]
	var output: Tensor = _values[step.output_slots[0]]
	return input.count() == output.count() and not input.is_int and not output.is_int


# Drops what only the chain needed.
func _keep_needed_steps() -> void:
	var wanted: Dictionary[int, bool] = {}
	for output: String in _plan.output_slots:
		if _plan.chain == null or output != _plan.main_output:
			wanted[_plan.output_slots[output]] = true
	for index: int in range(_steps.size() - 1, -1, -1):
		var step: Step = _steps[index]
		for slot: int in step.output_slots:
			if wanted.has(slot):
				_plan.steps.push_front(step)
				for input: int in step.input_slots:
					wanted[input] = true
				break
