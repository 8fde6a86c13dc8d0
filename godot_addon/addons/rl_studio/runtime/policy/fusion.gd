@tool
extends RefCounted
## Makes a traced network fast: operators get stages, those that change nothing vanish, biases go
## into the layers before them, and a network that is one line of stages becomes a chain.

const RlChainFinder := preload("chain_finder.gd")
const RlDenseLayer := preload("dense_layer.gd")
const RlElementwise := preload("elementwise.gd")
const RlFusion := preload("fusion.gd")
const RlPick := preload("pick.gd")
const RlPlan := preload("plan.gd")
const RlStage := preload("stage.gd")
const RlStageMaker := preload("stage_maker.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

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

var _plan: RlPlan
var _steps: Array[RlStep]
# By slot: values of the trace, and whether they never change.
var _values: Array[RlTensor]
var _constant: Array[bool]
# Slots whose value is that of another slot.
var _same: Dictionary[int, int] = {}
var _makers: Dictionary[int, RlStep] = {}


## Fills in the steps and the chain of [param plan] from the traced steps and values.
static func fuse(
	plan: RlPlan, steps: Array[RlStep], values: Array[RlTensor], constant: Array[bool]
) -> void:
	var fusion: RlFusion = RlFusion.new()
	fusion._fuse(plan, steps, values, constant)


func _fuse(
	plan: RlPlan, steps: Array[RlStep], values: Array[RlTensor], constant: Array[bool]
) -> void:
	_plan = plan
	_values = values
	_constant = constant
	_plan.slot_count = values.size()
	for step: RlStep in steps:
		for slot: int in step.output_slots:
			_makers[slot] = step
	for step: RlStep in steps:
		if not _vanish(step):
			_add(step)
	for output: String in _plan.output_slots:
		_plan.output_slots[output] = _root(_plan.output_slots[output])
	_drop_unread()
	_merge_biases()
	_find_owned()
	RlChainFinder.find(_plan, _steps, _values)


func _root(slot: int) -> int:
	var root: int = slot
	while _same.has(root):
		root = _same[root]
	while _same.has(slot):  # next time it is found at once
		var next: int = _same[slot]
		_same[slot] = root
		slot = next
	return root


# Returns true if the result of a step is its input.
func _vanish(step: RlStep) -> bool:
	if not step.op in PASS_THROUGH:
		return false
	if step.op == "Concat" and step.input_slots.size() > 1:
		return false
	var input: RlTensor = _values[step.input_slots[0]]
	var output: RlTensor = _values[step.output_slots[0]]
	if input.count() != output.count():
		return false
	if step.op in ["Cast", "CastLike"] and output.is_int:
		if not input.is_int or step.int_attribute("to", 0) == BOOLEAN:
			return false
	_same[step.output_slots[0]] = step.input_slots[0]
	return true


# Gives a step its stage, and lets it read only what changes.
func _add(step: RlStep) -> void:
	var inputs: Array[RlTensor] = []
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
	if RlStageMaker.is_layout(step, changing):
		_add_picks(step, RlStageMaker.make_picks(step, inputs, changing))
		return
	var outputs: Array[RlTensor] = []
	for slot: int in step.output_slots:
		outputs.append(null if slot < 0 else _values[slot])
	step.stage = RlStageMaker.make(step, inputs, outputs, changing)
	_steps.append(step)


# One step for each output.
func _add_picks(step: RlStep, picks: Array[RlPick]) -> void:
	for index: int in picks.size():
		var slot: int = step.output_slots[index]
		if slot < 0:
			continue
		var part: RlStep = RlStep.new()
		part.op = step.op
		part.place = step.place
		part.stage = picks[index]
		part.input_slots = step.input_slots
		part.output_slots = [slot]
		_makers[slot] = part
		_steps.append(part)


func _clean(step: RlStep) -> void:
	if step.op in RlElementwise.UNSAFE and step.stage is RlElementwise:
		var stage: RlElementwise = step.stage
		var width: int = _values[step.output_slots[0]].count()
		stage.cleaned_width = width if width % RlStage.BLOCK > 0 else 0


func _count_readers() -> Dictionary[int, int]:
	var readers: Dictionary[int, int] = {}
	for step: RlStep in _steps:
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
	_steps = RlChainFinder.needed(_steps, wanted)


# Takes an Add of constants into the layer before it.
func _merge_biases() -> void:
	var readers: Dictionary[int, int] = _count_readers()
	var kept: Array[RlStep] = []
	for step: RlStep in _steps:
		if step.op != "Add" or not _merge_bias(step, readers):
			kept.append(step)
	_steps = kept


func _merge_bias(step: RlStep, readers: Dictionary[int, int]) -> bool:
	var slot: int = step.input_slots[0]
	var maker: RlStep = _makers.get(slot)
	if step.input_slots.size() > 1 or maker == null or not maker.stage is RlDenseLayer:
		return false
	var layer: RlDenseLayer = maker.stage
	var bias: RlTensor = step.addend
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
	for step: RlStep in _steps:
		var slot: int = step.input_slots[0]
		step.stage.owns_input = _makers.has(slot) and readers[slot] == 1
