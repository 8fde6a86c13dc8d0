@tool
extends RefCounted
## Turns the stored graph of a policy into a plan. Only what the outputs need is looked at; the
## network is traced once with zeros, which finds every shape, folds what does not depend on the
## inputs into constants and shows operators used in a way that is not supported. Outputs that need
## one of these are left out.

const RlChainFinder := preload("chain_finder.gd")
const RlCompiler := preload("compiler.gd")
const RlElementwise := preload("elementwise.gd")
const RlFusion := preload("fusion.gd")
const RlGraphCheck := preload("graph_check.gd")
const RlLimits := preload("limits.gd")
const RlOperators := preload("operators.gd")
const RlPlan := preload("plan.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

var _graph: Dictionary
var _weights: PackedFloat32Array
var _plan: RlPlan = RlPlan.new()
var _slots: Dictionary[String, int] = {}
# By slot: the value of the trace, and whether it is the same for all inputs.
var _values: Array[RlTensor] = []
var _constant: Array[bool] = []
# By slot, why a value cannot be computed; and all these reasons.
var _gaps: Dictionary[int, String] = {}
var _failures: PackedStringArray = []
# What may still be computed, and until when.
var _work_left: int
var _deadline_ms: int
var _kernels: Dictionary[String, Callable] = RlOperators.kernels()
var _functions: Dictionary[String, Callable] = RlElementwise.functions()


## Compiles [param graph], as [RLPolicy] stores it. The plan has problems if that fails.
static func compile(graph: Dictionary, weights: PackedFloat32Array) -> RlPlan:
	var compiler: RlCompiler = RlCompiler.new()
	return compiler._compile(graph, weights)


func _compile(graph: Dictionary, weights: PackedFloat32Array) -> RlPlan:
	_graph = graph
	_weights = weights
	var problem: String = RlGraphCheck.find_problem(graph)
	if problem != "":
		_plan.problems.append(problem)
		return _plan
	_work_left = RlLimits.WORK + RlLimits.WORK_EACH * weights.size()
	_deadline_ms = Time.get_ticks_msec() + RlLimits.TIME_MS
	_read_tensors()
	_read_inputs()
	var steps: Array[RlStep] = []
	for node: Dictionary in RlGraphCheck.needed_nodes(_graph, RlGraphCheck.output_names(_graph)):
		_trace(node, steps)
	_read_outputs()
	if not _plan.problems.is_empty():
		return _plan
	var kept: PackedStringArray = []
	for output: String in RlGraphCheck.output_names(_graph):
		if not _plan.left_out.has(output):
			kept.append(output)
	for node: Dictionary in RlGraphCheck.needed_nodes(_graph, kept):
		var op: String = node["op"]
		_plan.operators[op] = _plan.operators.get(op, 0) + 1
	var slots: Array[int] = []
	slots.assign(_plan.output_slots.values())
	RlFusion.fuse(_plan, RlChainFinder.needed(steps, slots), _values, _constant)
	return _plan


func _read_tensors() -> void:
	var tensors: Dictionary = _graph["tensors"]
	for tensor_name: String in tensors:
		var stored: Dictionary = tensors[tensor_name]
		var shape: PackedInt64Array = stored["shape"]
		var tensor: RlTensor
		if stored.has("ints"):
			var ints: PackedInt64Array = stored["ints"]
			tensor = RlTensor.of_ints(ints, shape)
		else:
			var start: int = stored["offset"]
			tensor = RlTensor.of_floats(
				_weights.slice(start, start + RlTensor.size_of(shape)), shape
			)
		_store(tensor_name, tensor, true)


func _read_inputs() -> void:
	for input: Dictionary in _graph["inputs"]:
		var input_name: String = input["name"]
		var read: RlGraphCheck.RlInput = RlGraphCheck.read_input(input)
		if read.problem != "":
			_gaps[_store(input_name, null, false)] = _fail(read.problem)
			continue
		var known: String = RlPlan.OTHER_NAMES.get(input_name, input_name)
		_plan.input_shapes[known] = read.shape
		_plan.input_slots[known] = _store(input_name, RlTensor.zeros(read.shape), false)


# Notes a reason once. Returns it.
func _fail(reason: String) -> String:
	if not _failures.has(reason):
		_failures.append(reason)
	return reason


func _store(value_name: String, value: RlTensor, constant: bool) -> int:
	var slot: int = _values.size()
	_slots[value_name] = slot
	_values.append(value)
	_constant.append(constant)
	return slot


func _trace(node: Dictionary, steps: Array[RlStep]) -> void:
	var step: RlStep = _new_step(node)
	for slot: int in step.input_slots:
		if _gaps.has(slot):
			_leave_out(step, _gaps[slot])
			return
	if not (_kernels.has(step.op) or _functions.has(step.op)):
		_leave_out(step, _fail("%s is not supported by the Godot runtime" % step.label()))
		return
	var all_constant: bool = true
	for slot: int in RlOperators.read_slots(step):
		all_constant = all_constant and (slot < 0 or _constant[slot])
	_check(step)
	if step.problem.is_empty() and all_constant and step.op in RlOperators.ONLY_SHAPES:
		step.fail("a layer of constants alone is not supported")
	if step.problem.is_empty():
		step.shape_only = not all_constant
		_run(step)
	var folded: bool = all_constant or step.op in RlOperators.SHAPE_ONLY
	if step.problem.is_empty():
		_check_results(step, folded)
	if not step.problem.is_empty():
		_leave_out(step, _fail("%s: %s" % [step.label(), step.problem]))
		return
	step.input_slots = RlOperators.read_slots(step)
	for slot: int in step.output_slots:
		if slot >= 0:
			_constant[slot] = folded
	if not folded:
		steps.append(step)


func _leave_out(step: RlStep, reason: String) -> void:
	for slot: int in step.output_slots:
		if slot >= 0:
			_values[slot] = null
			_gaps[slot] = reason


# Whether the step can run with what it is given.
func _check(step: RlStep) -> void:
	if step.problem.is_empty():
		step.fail(RlOperators.attribute_problem(step.op, step.attributes))
	if step.problem.is_empty():
		_check_constants(step)
	if step.problem.is_empty() and Time.get_ticks_msec() > _deadline_ms:
		step.fail("the import takes longer than %d s" % roundi(RlLimits.TIME_MS / 1000.0))
	for index: int in step.input_slots.size():
		var slot: int = step.input_slots[index]
		if step.problem.is_empty() and slot >= 0 and _values[slot].count() == 0:
			if not RlOperators.may_be_empty(step.op, index):
				step.fail("its input %d has no numbers" % index)
	if step.problem.is_empty():
		_choose_function(step)


# Counts what was computed.
func _check_results(step: RlStep, folded: bool) -> void:
	for slot: int in step.output_slots:
		if slot < 0 or _values[slot] == null:
			continue
		_work_left -= _values[slot].count()
		if not folded and _values[slot].count() == 0:
			step.fail("its result has no numbers")
	_work_left -= step.work
	if _work_left < 0:
		step.fail(
			(
				"up to here more than %d numbers have to be computed, which is the limit"
				% (RlLimits.WORK + RlLimits.WORK_EACH * _weights.size())
			)
		)


func _check_constants(step: RlStep) -> void:
	for index: int in RlOperators.constant_inputs(step.op):
		if index < step.input_slots.size() and step.input_slots[index] >= 0:
			if not _constant[step.input_slots[index]] and step.problem.is_empty():
				step.fail("its input %d is computed, it has to be constant" % index)


func _run(step: RlStep) -> void:
	var inputs: Array[RlTensor] = []
	for slot: int in step.input_slots:
		inputs.append(null if slot < 0 else _values[slot])
	var outputs: Array[RlTensor] = step.trace(inputs)
	for index: int in step.output_slots.size():
		var slot: int = step.output_slots[index]
		if slot >= 0 and index < outputs.size():
			_values[slot] = outputs[index]
		elif slot >= 0 and step.problem.is_empty() and not step.op == "Dropout":
			step.fail("its output %d is not supported" % index)


func _new_step(node: Dictionary) -> RlStep:
	var step: RlStep = RlStep.new()
	step.op = node["op"]
	var made: PackedStringArray = node["outputs"]
	step.place = 'node "%s"' % node["name"]
	if node["name"] == "" and not made.is_empty():
		step.place = 'of the value "%s"' % made[0]
	step.attributes = node["attributes"]
	step.opset = _graph["opset"]
	step.limit = maxi(RlLimits.VALUE, _weights.size())
	step.work_limit = maxi(_work_left, 0)
	step.kernel = _kernels.get(step.op, Callable())
	for input: String in node["inputs"]:
		var slot: int = _slots.get(input, -1)
		step.input_slots.append(slot)
		if not input.is_empty() and (slot < 0 or (_values[slot] == null and not _gaps.has(slot))):
			step.problem = 'nothing computes its input "%s"' % input
	var minimum: int = RlOperators.MINIMUM_INPUTS.get(step.op, 1)
	if step.input_slots.size() < minimum or step.input_slots.slice(0, minimum).has(-1):
		step.problem = "an input is missing" if step.problem.is_empty() else step.problem
	for output: String in made:
		step.output_slots.append(-1 if output.is_empty() else _store(output, null, false))
	return step


func _choose_function(step: RlStep) -> void:
	if not _functions.has(step.op):
		return
	var numbers: PackedFloat64Array = RlElementwise.parameters_of(step)
	if step.op == "Clip":
		numbers[0] = _clip_limit(step, "min", 1, -INF)
		numbers[1] = _clip_limit(step, "max", 2, INF)
	step.stage = RlElementwise.create(_functions[step.op], numbers[0], numbers[1])


func _clip_limit(step: RlStep, key: String, index: int, default: float) -> float:
	if step.attributes.has(key):
		return step.float_attribute(key, default)
	if step.input_slots.size() <= index or step.input_slots[index] < 0:
		return default
	var slot: int = step.input_slots[index]
	if not _constant[slot] or _values[slot].count() != 1:
		step.fail("a limit that is computed from the inputs is not supported")
		return default
	return _values[slot].as_floats()[0]


# Outputs that cannot be computed are left out, unless nothing is left then.
func _read_outputs() -> void:
	var candidates: PackedStringArray = []
	var is_any_alive: bool = false
	for output_name: String in RlGraphCheck.output_names(_graph):
		var slot: int = _slots.get(output_name, -1)
		if _gaps.has(slot):
			_plan.left_out[output_name] = _gaps[slot]
			continue
		if slot < 0 or _values[slot] == null:
			_plan.left_out[output_name] = _fail('nothing computes the output "%s"' % output_name)
			continue
		output_name = RlPlan.OTHER_NAMES.get(output_name, output_name)
		_plan.output_slots[output_name] = slot
		if _constant[slot]:
			_plan.constant_outputs[output_name] = _values[slot].as_floats()
		_plan.output_sizes[output_name] = _values[slot].count()
		if output_name != RlPlan.STATE_OUTPUT:
			candidates.append(output_name)
			is_any_alive = is_any_alive or not _constant[slot]
	if candidates.is_empty() or not (is_any_alive or _plan.left_out.is_empty()):
		_plan.problems = _failures
		if _failures.is_empty():
			_plan.problems = ["the network has no output"]
	if candidates.has("output"):
		_plan.main_output = "output"
	elif candidates.size() == 1:
		_plan.main_output = candidates[0]
