@tool
extends RefCounted
## One operator of a network: made and traced by the compiler, run by the plan.

const RlLimits := preload("limits.gd")
const RlStage := preload("stage.gd")
const RlTensor := preload("tensor.gd")

## Operator name as ONNX has it, such as "Gemm".
var op: String
## Where it is in the file, in words.
var place: String
var attributes: Dictionary
## Version of the operator set of the file: some operators changed over time.
var opset: int
## Places of the values read; -1 for an optional input left out.
var input_slots: PackedInt32Array
var output_slots: PackedInt32Array
## func(step: Step, inputs: Array[RlTensor]) -> Array[RlTensor]: the operator for one agent. Empty
## for functions of one number, which have a stage from the beginning.
var kernel: Callable
## While the compiler traces: shapes are wanted, numbers not.
var shape_only: bool
## While the compiler traces: numbers that a result may have, what may be computed on the way to it,
## and what was.
var limit: int = RlLimits.VALUE
var work_limit: int = RlLimits.ENDLESS
var work: int
## Does the work for many agents; its inputs are at [member input_slots], without constants.
var stage: RlStage
## The constant that an Add adds; null if there is none.
var addend: RlTensor
## What went wrong in the last run, "" if nothing.
var problem: String


## How error messages name this operator.
func label() -> String:
	return "operator %s (%s)" % [op, place]


## Runs the operator for one agent. Returns nothing and sets [member problem] if it cannot.
func trace(inputs: Array[RlTensor]) -> Array[RlTensor]:
	if stage == null:
		return kernel.call(self, inputs)
	var input: RlTensor = inputs[0]
	var result: PackedFloat32Array = RlStage.unpack(
		stage.apply(RlStage.pack(input.as_floats()), 1), input.count()
	)
	var output: RlTensor = RlTensor.of_floats(result, input.shape)
	return [RlTensor.of_ints(output.as_ints(), input.shape) if input.is_int else output]


## Runs the stage on the values of [param rows] agents and puts its results among them. Returns
## false if it cannot.
func run(values: Array[PackedVector4Array], rows: int) -> bool:
	if output_slots.size() == 1 and input_slots.size() < 3:
		if input_slots.size() == 1:
			values[output_slots[0]] = stage.apply(values[input_slots[0]], rows)
		else:
			var second: PackedVector4Array = values[input_slots[1]]
			values[output_slots[0]] = stage.combine(values[input_slots[0]], second, rows)
		return problem.is_empty()
	var inputs: Array[PackedVector4Array] = []
	for slot: int in input_slots:
		inputs.append(values[slot])
	var results: Array[PackedVector4Array] = stage.apply_many(inputs, rows)
	for index: int in mini(results.size(), output_slots.size()):
		if output_slots[index] >= 0:
			values[output_slots[index]] = results[index]
	return problem.is_empty()


## Notes why the operator cannot run; what a kernel returns then.
func fail(message: String) -> Array[RlTensor]:
	problem = message
	return []


## Whether a result of [param shape] may be made; notes the problem if it may not.
func fits(shape: PackedInt64Array) -> bool:
	var excess: String = RlLimits.problem(shape, limit)
	if excess != "":
		problem = "its result %s" % excess
	return excess == ""


## Whether as many numbers as the product of [param lengths] may be computed on the way to the
## result; notes the problem if they may not.
func can_afford(lengths: PackedInt64Array) -> bool:
	var count: int = RlLimits.count(lengths)
	var most: int = RlLimits.WORK_EACH * limit
	if count < 0 or count > most:
		problem = "it takes more than %d computations, which is the limit" % most
		return false
	if not shape_only:
		work += count
	if work > work_limit:
		problem = "it takes %d computations, with those before it that is too many" % work
		return false
	return true


## The input at [param index], or null if it was left out.
func optional(inputs: Array[RlTensor], index: int) -> RlTensor:
	return inputs[index] if index < inputs.size() else null


func int_attribute(key: String, default: int) -> int:
	return attributes.get(key, default)


func float_attribute(key: String, default: float) -> float:
	return attributes.get(key, default)


## A list that is an attribute in old operator sets and the input at [param index] in newer ones.
## Returns null if it is neither.
func ints_of(key: String, inputs: Array[RlTensor], index: int) -> Variant:
	if attributes.has(key):
		return attributes[key]
	var tensor: RlTensor = optional(inputs, index)
	return null if tensor == null else tensor.as_ints()


## [param axis] counted from the front, or -1 with a noted problem if there is no such axis.
func axis_in(axis: int, rank: int) -> int:
	var from_front: int = axis + rank if axis < 0 else axis
	if from_front < 0 or from_front >= rank:
		problem = "axis %d does not exist in a value of %d axes" % [axis, rank]
		return -1
	return from_front
