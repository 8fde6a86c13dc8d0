@tool
extends RefCounted
## Makes a traced network fast: operators get stages, those that change nothing vanish, biases go
## into the layers before them, and a network that is one line of stages becomes a chain.

const ChainFinder := preload("chain_finder.gd")
const DenseLayer := preload("dense_layer.gd")
const Elementwise := preload("elementwise.gd")
const Fusion := preload("fusion.gd")
const Pick := preload("pick.gd")
const Plan := preload("plan.gd")
const Stage := preload("stage.gd")
const StageMaker := preload("stage_maker.gd")
const Step := preload("step.gd")
const Tensor := preload("tensor.gd")

## Operators that leave the numbers of a value and their order alone.
const PASS_THROUGH: PackedStringArray = [
	"Cast",
	"CastLike",
	"Concat",
	"Dropout",
	"Expand",
	"Flatten",
	"Identity",
	"Reshape",
	"Squeeze",
	"Tile",
	"Unsqueeze"
]
const BOOLEAN: int = 9

var _plan: Plan
var _steps: Array[Step]
# By slot: values of the trace, and whether they never change.
var _values: Array[Tensor]
var _constant: Array[bool]
# Slots whose value is that of another slot.
var _same: Dictionary[int, int] = {}
var _makers: Dictionary[int, Step] = {}


## Fills in the steps and the chain of [param plan] from the traced steps and values.
static func fuse(
	plan: Plan, steps: Array[Step], values: Array[Tensor], constant: Array[bool]
) -> void:
	var fusion: Fusion = Fusion.new()
	fusion._fuse(plan, steps, values, constant)


func _fuse(plan: Plan, steps: Array[Step], values: Array[Tensor], constant: Array[bool]) -> void:
	_plan = plan
	_values = values
	_constant = constant
	_plan.slot_count = values.size()
	for step: Step in steps:
		for slot: int in step.output_slots:
			_makers[slot] = step
	for step: Step in steps:
		if not _vanish(step):
			_add(step)
	for output: String in _plan.output_slots:
		_plan.output_slots[output] = _root(_plan.output_slots[output])
	_drop_unread()
	_merge_biases()
	_find_owned()
	ChainFinder.find(_plan, _steps, _values)


func _root(slot: int) -> int:
	while _same.has(slot):
		slot = _same[slot]
	return slot


# Returns true if the result of a step is its input.
func _vanish(step: Step) -> bool:
	if not step.op in PASS_THROUGH:
		return false
	if step.op == "Concat" and step.input_slots.size() > 1:
		return false
	var input: Tensor = _values[step.input_slots[0]]
	var output: Tensor = _values[step.output_slots[0]]
	if input.count() != output.count():
		return false
	if step.op in ["Cast", "CastLike"] and output.is_int:
		if not input.is_int or step.int_attribute("to", 0) == BOOLEAN:
			return false
	_same[step.output_slots[0]] = step.input_slots[0]
	return true


# Gives a step its stage, and lets it read only what changes.
func _add(step: Step) -> void:
	var inputs: Array[Tensor] = []
	var changing: PackedInt32Array = PackedInt32Array()
	var slots: PackedInt32Array = PackedInt32Array()
	for index: int in step.input_slots.size():
		var slot: int = step.input_slots[index]
		inputs.append(null if slot < 0 else _values[slot])
		if slot >= 0 and _constant[slot]:
			step.addend = _values[slot]
		elif slot >= 0:
			changing.append(index)
			slots.append(_root(slot))
	if step.stage != null:
		step.input_slots = [slots[0]]
		_clean(step)
		_steps.append(step)
		return
	step.input_slots = slots
	if StageMaker.is_layout(step, changing):
		_add_picks(step, StageMaker.make_picks(step, inputs, changing))
		return
	var outputs: Array[Tensor] = []
	for slot: int in step.output_slots:
		outputs.append(null if slot < 0 else _values[slot])
	step.stage = StageMaker.make(step, inputs, outputs, changing)
	_steps.append(step)


# One step for each output.
func _add_picks(step: Step, picks: Array[Pick]) -> void:
	for index: int in picks.size():
		var slot: int = step.output_slots[index]
		if slot < 0:
			continue
		var part: Step = Step.new()
		part.op = step.op
		part.name = step.name
		part.stage = picks[index]
		part.input_slots = step.input_slots
		part.output_slots = [slot]
		_makers[slot] = part
		_steps.append(part)


func _clean(step: Step) -> void:
	if step.op in Elementwise.UNSAFE and step.stage is Elementwise:
		var stage: Elementwise = step.stage
		var width: int = _values[step.output_slots[0]].count()
		stage.cleaned_width = width if width % Stage.BLOCK > 0 else 0


func _count_readers() -> Dictionary[int, int]:
	var readers: Dictionary[int, int] = {}
	for step: Step in _steps:
		for slot: int in step.input_slots:
			readers[slot] = readers.get(slot, 0) + 1
	for output: String in _plan.output_slots:
		var slot: int = _plan.output_slots[output]
		readers[slot] = readers.get(slot, 0) + 1
	return readers


# Drops steps that nothing reads, such as those of a Split of which one part is used.
func _drop_unread() -> void:
	var wanted: Array[int] = []
	wanted.assign(_plan.output_slots.values())
	_steps = ChainFinder.needed(_steps, wanted)


# Takes an Add of constants into the layer before it.
func _merge_biases() -> void:
	var readers: Dictionary[int, int] = _count_readers()
	var kept: Array[Step] = []
	for step: Step in _steps:
		if step.op != "Add" or not _merge_bias(step, readers):
			kept.append(step)
	_steps = kept


func _merge_bias(step: Step, readers: Dictionary[int, int]) -> bool:
	var slot: int = step.input_slots[0]
	var maker: Step = _makers.get(slot)
	if step.input_slots.size() > 1 or maker == null or not maker.stage is DenseLayer:
		return false
	var layer: DenseLayer = maker.stage
	var bias: Tensor = step.addend
	var whole: int = layer.output_count * layer.inner_rows
	if bias == null or readers[slot] != 1 or _values[step.output_slots[0]].count() != whole:
		return false
	var fits: bool = not bias.shape.is_empty() and bias.shape[-1] == layer.output_count
	if bias.count() != 1 and not (fits and bias.count() == layer.output_count):
		return false
	layer.add_bias(bias.as_floats())
	maker.output_slots = step.output_slots
	_makers[step.output_slots[0]] = maker
	return true


# Stages may write over what only they read, if a step has made it.
func _find_owned() -> void:
	var readers: Dictionary[int, int] = _count_readers()
	for step: Step in _steps:
		var slot: int = step.input_slots[0]
		step.stage.owns_input = _makers.has(slot) and readers[slot] == 1
