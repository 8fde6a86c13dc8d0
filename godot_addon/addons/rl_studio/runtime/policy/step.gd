@tool
extends RefCounted
## One operator of a network, ready to run: made by the compiler, run by the plan.

const Stage := preload("stage.gd")
const Tensor := preload("tensor.gd")

## Operator name as ONNX has it, such as "Gemm".
var op: String
## Name of the node in the file; may be empty.
var name: String
var attributes: Dictionary
## Version of the operator set of the file: some operators changed over time.
var opset: int
## Places of the values read; -1 for an optional input left out.
var input_slots: PackedInt32Array
var output_slots: PackedInt32Array
## func(step: Step, inputs: Array[Tensor]) -> Array[Tensor]; not used if there is a stage.
var kernel: Callable
## Does the work instead of the kernel where one vector becomes another; can be null.
var stage: Stage
## Shape of the result of a stage; empty = that of the input.
var stage_shape: PackedInt64Array
## What went wrong in the last run, "" if nothing.
var problem: String


## How error messages name this operator.
func label() -> String:
	return 'operator %s (node "%s")' % [op, name]


## Runs the operator. Returns nothing and sets [member problem] if it cannot.
func execute(inputs: Array[Tensor]) -> Array[Tensor]:
	if stage == null:
		return kernel.call(self, inputs)
	var input: Tensor = inputs[0]
	var shape: PackedInt64Array = input.shape if stage_shape.is_empty() else stage_shape
	var result: PackedFloat32Array = stage.apply_to_floats(input.as_floats(), Tensor.size_of(shape))
	var output: Tensor = Tensor.of_floats(result, shape)
	return [Tensor.of_ints(output.as_ints(), shape) if input.is_int else output]


## Notes why the operator cannot run; what a kernel returns then.
func fail(message: String) -> Array[Tensor]:
	problem = message
	return []


## The input at [param index], or null if it was left out.
func optional(inputs: Array[Tensor], index: int) -> Tensor:
	return inputs[index] if index < inputs.size() else null


func int_attribute(key: String, default: int) -> int:
	return attributes.get(key, default)


func float_attribute(key: String, default: float) -> float:
	return attributes.get(key, default)


## A list that is an attribute in old operator sets and the input at [param index] in newer ones.
## Returns null if it is neither.
func ints_of(key: String, inputs: Array[Tensor], index: int) -> Variant:
	if attributes.has(key):
		return attributes[key]
	var tensor: Tensor = optional(inputs, index)
	return null if tensor == null else tensor.as_ints()


## [param axis] counted from the front, or -1 with a noted problem if there is no such axis.
func axis_in(axis: int, rank: int) -> int:
	var from_front: int = axis + rank if axis < 0 else axis
	if from_front < 0 or from_front >= rank:
		problem = "axis %d does not exist in a value of %d axes" % [axis, rank]
		return -1
	return from_front
