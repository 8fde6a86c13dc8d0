@tool
extends "stage.gd"
## The slow way, for what has no stage of its own: the operator as the compiler traces it, one agent
## after the other. If that fails, the step has the problem and results are empty.

const RlKernelStage := preload("kernel_stage.gd")
const RlLimits := preload("limits.gd")
const RlStage := preload("stage.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

var _step: RlStep
# What was traced. Those that change tell shape and type; null was left out.
var _traced: Array[RlTensor]
# Which of them change.
var _changing: PackedInt32Array
var _output_count: int


## Makes a stage from a step and the values it was traced with.
static func create(
	step: RlStep, traced: Array[RlTensor], changing: PackedInt32Array
) -> RlKernelStage:
	var stage: RlKernelStage = RlKernelStage.new()
	stage._step = step
	step.work_limit = RlLimits.ENDLESS  # it was found to be little enough
	stage._traced = traced
	stage._changing = changing
	stage._output_count = step.output_slots.size()
	return stage


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	return apply_many([x], rows)[0]


func combine(x: PackedVector4Array, y: PackedVector4Array, rows: int) -> PackedVector4Array:
	return apply_many([x, y], rows)[0]


func apply_many(inputs: Array[PackedVector4Array], rows: int) -> Array[PackedVector4Array]:
	var numbers: Array[PackedFloat32Array] = []
	for index: int in _changing.size():
		var width: int = _traced[_changing[index]].count()
		numbers.append(RlStage.unpack(inputs[index], width, rows))
	var results: Array[PackedFloat32Array] = []
	results.resize(_output_count)
	_step.shape_only = false
	for row: int in rows:
		var values: Array[RlTensor] = _traced.duplicate()
		for index: int in _changing.size():
			var traced: RlTensor = _traced[_changing[index]]
			var width: int = traced.count()
			var own: RlTensor = RlTensor.of_floats(
				numbers[index].slice(row * width, (row + 1) * width), traced.shape
			)
			values[_changing[index]] = (
				RlTensor.of_ints(own.as_ints(), own.shape) if traced.is_int else own
			)
		_step.problem = ""
		_step.work = 0
		var made: Array[RlTensor] = _step.kernel.call(_step, values)
		if made.is_empty():
			break
		for index: int in mini(made.size(), _output_count):
			results[index].append_array(made[index].as_floats())
	var packed: Array[PackedVector4Array] = []
	if not _step.problem.is_empty():
		packed.resize(_output_count)
		return packed
	for result: PackedFloat32Array in results:
		packed.append(RlStage.pack(result, rows))
	return packed
