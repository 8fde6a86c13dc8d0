@tool
extends RefCounted
## A network ready to run: the fast chain where there is one, and steps for everything else. Made by
## the compiler; holds no reference to the resource it came from.

const DenseChain := preload("dense_chain.gd")
const Step := preload("step.gd")
const Tensor := preload("tensor.gd")

## Inputs that carry memory from one run to the next. The runtime feeds zeros unless given some.
const STATE_INPUT: String = "state_ins"
const STATE_OUTPUT: String = "state_outs"

## Why the network cannot run; nothing else is of use unless this is empty.
var problems: PackedStringArray
var input_shapes: Dictionary[String, PackedInt64Array]
var input_slots: Dictionary[String, int]
var output_slots: Dictionary[String, int]
var output_sizes: Dictionary[String, int]
## The output that holds the actions; "" if several could.
var main_output: String
## Computes the main output; null if the network is no plain chain of layers.
var chain: DenseChain
## Computes the outputs the chain does not.
var steps: Array[Step]
## Constants at their slots, null elsewhere.
var constants: Array[Tensor]


## Flat sizes by input, those without memory only.
func observation_sizes() -> Dictionary[String, int]:
	var sizes: Dictionary[String, int] = {}
	for input: String in input_shapes:
		if input != STATE_INPUT:
			sizes[input] = Tensor.size_of(input_shapes[input])
	return sizes


## Why [param inputs] cannot be run, or "".
func input_problem(inputs: Dictionary[String, PackedFloat32Array]) -> String:
	for input: String in input_shapes:
		var expected: int = Tensor.size_of(input_shapes[input])
		if not inputs.has(input):
			if input != STATE_INPUT:
				return 'input "%s" is missing: expected %d numbers' % [input, expected]
		elif inputs[input].size() != expected:
			return (
				'input "%s" has the wrong size: expected %d numbers, found %d'
				% [input, expected, inputs[input].size()]
			)
	return ""


## All outputs for checked inputs. Returns nothing and sets [member problems] if a step fails.
func run(inputs: Dictionary[String, PackedFloat32Array]) -> Dictionary[String, PackedFloat32Array]:
	var values: Array[Tensor] = []
	if chain == null or output_slots.size() > 1:
		values = _run_steps(inputs)
		if not problems.is_empty():
			return {}
	var results: Dictionary[String, PackedFloat32Array] = {}
	for output: String in output_slots:
		if chain != null and output == main_output:
			results[output] = chain.run(chain.join(inputs))
		else:
			results[output] = values[output_slots[output]].as_floats().duplicate()
	return results


func _run_steps(inputs: Dictionary[String, PackedFloat32Array]) -> Array[Tensor]:
	var values: Array[Tensor] = constants.duplicate()
	for input: String in input_slots:
		var shape: PackedInt64Array = input_shapes[input]
		if inputs.has(input):
			values[input_slots[input]] = Tensor.of_floats(inputs[input], shape)
		else:
			values[input_slots[input]] = Tensor.zeros(shape)
	for step: Step in steps:
		run_step(step, values)
		if not step.problem.is_empty():
			problems = ["%s: %s" % [step.label(), step.problem]]
			break
	return values


## Runs one step on the values at its slots and stores what it returns.
static func run_step(step: Step, values: Array[Tensor]) -> void:
	var inputs: Array[Tensor] = []
	for slot: int in step.input_slots:
		inputs.append(null if slot < 0 else values[slot])
	step.problem = ""
	var outputs: Array[Tensor] = step.execute(inputs)
	if not step.problem.is_empty():
		return
	for index: int in mini(outputs.size(), step.output_slots.size()):
		if step.output_slots[index] >= 0:
			values[step.output_slots[index]] = outputs[index]
