@tool
extends RefCounted
## Finds the line of stages from the inputs to the main output, and the steps needed beside it.

const RlChainFinder := preload("chain_finder.gd")
const RlDenseChain := preload("dense_chain.gd")
const RlPick := preload("pick.gd")
const RlPlan := preload("plan.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

var _plan: RlPlan
var _steps: Array[RlStep]
# Values of the trace by slot.
var _values: Array[RlTensor]
var _makers: Dictionary[int, RlStep] = {}


## Fills in the steps and the chain of [param plan].
static func find(plan: RlPlan, steps: Array[RlStep], values: Array[RlTensor]) -> void:
	var finder: RlChainFinder = RlChainFinder.new()
	finder._plan = plan
	finder._steps = steps
	finder._values = values
	for step: RlStep in steps:
		for slot: int in step.output_slots:
			finder._makers[slot] = step
	finder._find_chain()
	finder._choose_steps()


## The steps that lead to some slots, in the order they run in.
static func needed(all: Array[RlStep], slots: Array[int]) -> Array[RlStep]:
	var wanted: Dictionary[int, bool] = {}
	for slot: int in slots:
		wanted[slot] = true
	var steps: Array[RlStep] = []
	for index: int in range(all.size() - 1, -1, -1):
		var step: RlStep = all[index]
		for slot: int in step.output_slots:
			if wanted.has(slot):
				steps.append(step)
				for input: int in step.input_slots:
					wanted[input] = true
				break
	steps.reverse()
	return steps


# Walks from the main output back to the inputs; gives up at anything with several inputs.
func _find_chain() -> void:
	var found: RlDenseChain = RlDenseChain.new()
	var slot: int = _plan.output_slots.get(_plan.main_output, -1)
	if slot < 0 or _plan.constant_outputs.has(_plan.main_output):
		return
	found.output_count = _values[slot].count()
	while _makers.has(slot):
		var step: RlStep = _makers[slot]
		if step.input_slots.size() != 1 or step.output_slots.size() != 1:
			break
		found.stages.push_front(step.stage)
		slot = step.input_slots[0]
	var leaves: PackedInt32Array = [slot]
	if _makers.has(slot):
		var pick: RlPick = _makers[slot].stage as RlPick
		if pick == null or not pick.is_join():
			return
		leaves = _makers[slot].input_slots
	for leaf: int in leaves:
		var key: Variant = _plan.input_slots.find_key(leaf)
		if key == null or key in [RlPlan.STATE_INPUT, RlPlan.MASK_INPUT]:
			return
		var input: String = key
		found.input_names.append(input)
	if found.input_names.size() == 1:
		found.flat_count = _values[slot].count()
	_plan.chain = found


func _choose_steps() -> void:
	var others: Array[int] = []
	var all: Array[int] = []
	for output: String in _plan.output_slots:
		var slot: int = _plan.output_slots[output]
		all.append(slot)
		if output != _plan.main_output:
			others.append(slot)
	_plan.steps = needed(_steps, all)
	if _plan.chain == null:
		return
	var apart: Array[RlStep] = needed(_steps, others)
	_plan.chain_helps = true
	for step: RlStep in apart:
		_plan.chain_helps = _plan.chain_helps and not _plan.chain.stages.has(step.stage)
	if _plan.chain_helps:
		_plan.steps = apart
