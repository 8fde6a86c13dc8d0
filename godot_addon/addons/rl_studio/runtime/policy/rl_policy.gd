@tool
@icon("../../icons/rl_policy.svg")
class_name RLPolicy
extends Resource
## A trained policy: a network imported from an [code].onnx[/code] file, run without any native
## library.
##
## Drag the file onto the policy of an [RLSync] or [RLAgent], or run it yourself:
## [codeblock]
## var output: PackedFloat32Array = policy.run_flat(observation)
## var action: Dictionary = policy.decode_action(output, agent._get_action_space())
## [/codeblock]
##
## @tutorial(How policies play): res://addons/rl_studio/manual/playing.md
## @tutorial(Exported policies): res://addons/rl_studio/manual/onnx.md

const RlActionDecoder := preload("action_decoder.gd")
const RlCompiler := preload("compiler.gd")
const RlPlan := preload("plan.gd")
const RlTensor := preload("tensor.gd")

## What the export noted about the training: observations, actions, run, timesteps, versions. Empty
## for files made by other tools.
@export var metadata: Dictionary = {}:
	set(value):
		metadata = value
		_decoder = null
## The network as plain data, with [member weights] apart; written by the importer.
@export_storage var graph: Dictionary = {}:
	set(value):
		graph = value
		_plan = null
## All weights, one tensor after another.
@export_storage var weights: PackedFloat32Array = PackedFloat32Array():
	set(value):
		weights = value
		_plan = null
## SHA-256 of the imported file.
@export_storage var source_checksum: String = ""

# Compiled when first needed, again after a re-import changed the data in place.
var _plan: RlPlan
# For the action space decoded last.
var _decoder: RlActionDecoder


func _validate_property(property: Dictionary) -> void:
	if property["name"] == "metadata":
		property["usage"] |= PROPERTY_USAGE_READ_ONLY


## True if the policy can be run.
func is_valid() -> bool:
	return get_problems().is_empty()


## Why the policy cannot be run: operators or shapes the runtime does not support. Empty if it can.
func get_problems() -> PackedStringArray:
	return _get_plan().problems.duplicate()


## How many numbers each input takes for one agent; those for memory ([code]state_ins[/code]) and
## for masks ([code]action_masks[/code]) left out.
func get_input_sizes() -> Dictionary[String, int]:
	return _get_plan().observation_sizes()


## How many numbers each output has for one agent.
func get_output_sizes() -> Dictionary[String, int]:
	return _get_plan().output_sizes.duplicate()


## Outputs that are in the file but cannot be computed here, with the reason; they are left out
## everywhere else.
func get_left_out_outputs() -> Dictionary[String, String]:
	return _get_plan().left_out.duplicate()


## Runs the network for one agent. [param inputs] has one array per input, flat and of the size
## [method get_input_sizes] tells; others are ignored. Returns all outputs as the network gives
## them, or nothing, with an error, if an input is missing or of the wrong size.
func run(inputs: Dictionary[String, PackedFloat32Array]) -> Dictionary[String, PackedFloat32Array]:
	return run_batch(inputs, 1)


## Runs a policy with a single observation: from its numbers to [code]output[/code]. Much cheaper
## than [method run]. Returns nothing, with an error, if [param obs] has the wrong size.
func run_flat(obs: PackedFloat32Array) -> PackedFloat32Array:
	var plan: RlPlan = _plan if _plan != null else _get_plan()
	if plan.chain != null and plan.chain.flat_count == obs.size():
		return plan.chain.run_flat(obs)
	if plan.problems.is_empty():
		var sizes: Dictionary[String, int] = plan.observation_sizes()
		if sizes.size() != 1:
			_refuse("run_flat needs a single input, this has: %s" % ", ".join(sizes.keys()))
			return PackedFloat32Array()
		if plan.main_output.is_empty():
			var outputs: Array[String] = plan.output_sizes.keys()
			_refuse('no output is named "output"; there are: %s' % ", ".join(outputs))
			return PackedFloat32Array()
		return run({sizes.keys()[0]: obs}).get(plan.main_output, PackedFloat32Array())
	_refuse(plan.problems[0])
	return PackedFloat32Array()


## Runs the network for [param count] agents at once. [param inputs] has one array per input, the
## numbers of one agent after those of the other; so have the outputs. Memory goes in as
## [code]state_ins[/code], zeros if left out, and comes out as [code]state_outs[/code]. Returns
## nothing, with an error, if an input is missing or of the wrong size.
func run_batch(
	inputs: Dictionary[String, PackedFloat32Array], count: int
) -> Dictionary[String, PackedFloat32Array]:
	var plan: RlPlan = _get_plan()
	if not plan.problems.is_empty():
		return _refuse(plan.problems[0])
	var problem: String = plan.input_problem(inputs, count)
	if not problem.is_empty():
		return _refuse(problem)
	var results: Dictionary[String, PackedFloat32Array] = plan.run(inputs, count)
	if results.is_empty():
		problem = plan.problems[0]
		plan.problems.clear()  # concerned these inputs, not the policy
		return _refuse(problem)
	return results


## How many numbers the policy remembers from one decision to the next. 0 = it has no memory.
func get_memory_size() -> int:
	var shape: PackedInt64Array = _get_plan().input_shapes.get(
		RlPlan.STATE_INPUT, PackedInt64Array()
	)
	return RlTensor.size_of(shape) if shape.size() > 1 else 0


## How many choices the policy wants to know whether they are allowed. 0 = it does not ask.
func get_mask_size() -> int:
	var shapes: Dictionary[String, PackedInt64Array] = _get_plan().input_shapes
	return RlTensor.size_of(shapes[RlPlan.MASK_INPUT]) if shapes.has(RlPlan.MASK_INPUT) else 0


## The output that [method run_flat] gives; "" if several could be meant.
func get_main_output() -> String:
	return _get_plan().main_output


## How many numbers training has found: weights and biases.
func get_parameter_count() -> int:
	return weights.size()


## Operators of the network with how often they occur, such as [code]Gemm × 3[/code], sorted.
func get_operators() -> PackedStringArray:
	var listed: PackedStringArray = PackedStringArray()
	var operators: Dictionary[String, int] = _get_plan().operators
	for op: String in operators:
		listed.append(op if operators[op] == 1 else "%s × %d" % [op, operators[op]])
	listed.sort()
	return listed


## Shapes of all inputs, memory included, for one agent: the first number, 1, is the batch.
func get_input_shapes() -> Dictionary[String, PackedInt64Array]:
	return _get_plan().input_shapes.duplicate(true)


## Turns the numbers of [code]output[/code] into one value per action of [param action_space]: a
## [PackedFloat32Array] in [-1, 1] for a continuous action, the chosen index for a discrete one.
## Returns nothing, with an error, if the number of outputs does not fit.
func decode_action(output: PackedFloat32Array, action_space: Dictionary) -> Dictionary:
	if _decoder == null or not _decoder.suits(action_space, output.size()):
		_decoder = RlActionDecoder.new(action_space, metadata, output.size())
	if not _decoder.problem.is_empty():
		_refuse(_decoder.problem)
		return {}
	return _decoder.decode(output)


func _get_plan() -> RlPlan:
	if _plan == null:
		_plan = RlCompiler.compile(graph, weights)
	return _plan


func _refuse(problem: String) -> Dictionary[String, PackedFloat32Array]:
	var file: String = resource_path if not resource_path.is_empty() else "policy"
	push_error("RL Studio: %s: %s" % [file, problem])
	return {}
