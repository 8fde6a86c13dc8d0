@tool
extends RefCounted
## A network ready to run: the fast chain where there is one, and steps for everything else. Made by
## the compiler; holds no reference to the resource it came from.

const RlDenseChain := preload("dense_chain.gd")
const RlStage := preload("stage.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

## Inputs that carry memory from one run to the next. The runtime feeds zeros unless given some.
const STATE_INPUT: String = "state_ins"
const STATE_OUTPUT: String = "state_outs"
## Says which choices are allowed, 1 or 0; the runtime feeds ones unless the agent forbids some.
const MASK_INPUT: String = "action_masks"
## What ML-Agents' files call the memory.
const OTHER_NAMES: Dictionary[String, String] = {
	"recurrent_in": STATE_INPUT, "recurrent_out": STATE_OUTPUT
}

## Why the network cannot run; nothing else is of use unless this is empty.
var problems: PackedStringArray
## With a batch of 1.
var input_shapes: Dictionary[String, PackedInt64Array]
var input_slots: Dictionary[String, int]
var output_slots: Dictionary[String, int]
var output_sizes: Dictionary[String, int]
## Outputs that cannot be computed, with why; the others can be.
var left_out: Dictionary[String, String]
## Outputs that are the same for all inputs.
var constant_outputs: Dictionary[String, PackedFloat32Array]
## The output that holds the actions; "" if several could.
var main_output: String
## Computes the main output; null if the network is no plain chain of stages.
var chain: RlDenseChain
## Compute the outputs, without what only the chain needs if [member chain_helps].
var steps: Array[RlStep]
## True if the steps need nothing of what the chain computes.
var chain_helps: bool
var slot_count: int
## Operators that are run or were folded into constants, with how often.
var operators: Dictionary[String, int]


## Flat sizes by input, without memory and masks.
func observation_sizes() -> Dictionary[String, int]:
	var sizes: Dictionary[String, int] = {}
	for input: String in input_shapes:
		if input != STATE_INPUT and input != MASK_INPUT:
			sizes[input] = RlTensor.size_of(input_shapes[input])
	return sizes


## Why [param inputs] of [param rows] agents cannot be run, or "".
func input_problem(inputs: Dictionary[String, PackedFloat32Array], rows: int) -> String:
	if rows < 1:
		return "a batch of %d agents cannot be run" % rows
	for input: String in input_shapes:
		var expected: int = RlTensor.size_of(input_shapes[input]) * rows
		if not inputs.has(input):
			if input != STATE_INPUT and input != MASK_INPUT:
				return 'input "%s" is missing: expected %d numbers' % [input, expected]
		elif inputs[input].size() != expected:
			return (
				'input "%s" has the wrong size: expected %d numbers, found %d'
				% [input, expected, inputs[input].size()]
			)
	return ""


## All outputs for checked inputs of [param rows] agents. Returns nothing and sets
## [member problems] if a step fails.
func run(
	inputs: Dictionary[String, PackedFloat32Array], rows: int
) -> Dictionary[String, PackedFloat32Array]:
	var values: Array[PackedVector4Array] = []
	values.resize(slot_count)
	for input: String in input_slots:
		if inputs.has(input):
			values[input_slots[input]] = RlStage.pack(inputs[input], rows)
		else:
			var numbers: PackedFloat32Array = []
			numbers.resize(RlTensor.size_of(input_shapes[input]) * rows)
			numbers.fill(1.0 if input == MASK_INPUT else 0.0)
			values[input_slots[input]] = RlStage.pack(numbers, rows)
	for step: RlStep in steps:
		if not step.run(values, rows):
			problems = ["%s: %s" % [step.label(), step.problem]]
			return {}
	var results: Dictionary[String, PackedFloat32Array] = {}
	for output: String in output_slots:
		if chain_helps and output == main_output:
			results[output] = chain.run(inputs, rows)
		elif constant_outputs.has(output):
			results[output] = PackedFloat32Array()
			for row: int in rows:
				results[output].append_array(constant_outputs[output])
		else:
			var width: int = output_sizes[output]
			results[output] = RlStage.unpack(values[output_slots[output]], width, rows)
	return results
