@tool
extends RefCounted
## Turns the stored graph of a policy into a plan. Only what the outputs need is looked at; the
## network is traced once with zeros, which finds every shape, folds what does not depend on the
## inputs into constants and shows operators used in a way that is not supported.

const RlCompiler := preload("compiler.gd")
const RlElementwise := preload("elementwise.gd")
const RlFusion := preload("fusion.gd")
const RlOperators := preload("operators.gd")
const RlPlan := preload("plan.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

const OLDEST_OPSET: int = 7

var _graph: Dictionary
var _weights: PackedFloat32Array
var _plan: RlPlan = RlPlan.new()
var _slots: Dictionary[String, int] = {}
# By slot: the value of the trace, and whether it is the same for all inputs.
var _values: Array[RlTensor] = []
var _constant: Array[bool] = []
var _kernels: Dictionary[String, Callable] = RlOperators.kernels()
var _functions: Dictionary[String, Callable] = RlElementwise.functions()


## Compiles [param graph], as [RLPolicy] stores it. The plan has problems if that fails.
static func compile(graph: Dictionary, weights: PackedFloat32Array) -> RlPlan:
	var compiler: RlCompiler = RlCompiler.new()
	return compiler._compile(graph, weights)


func _compile(graph: Dictionary, weights: PackedFloat32Array) -> RlPlan:
	_graph = graph
	_weights = weights
	_check_graph()
	if _plan.problems.is_empty():
		_read_tensors()
		_read_inputs()
	var nodes: Array[Dictionary] = _needed_nodes()
	_check_operators(nodes)
	var steps: Array[RlStep] = []
	for node: Dictionary in nodes:
		if _plan.problems.is_empty():
			_trace(node, steps)
	if _plan.problems.is_empty():
		_read_outputs()
	if _plan.problems.is_empty():
		RlFusion.fuse(_plan, steps, _values, _constant)
	return _plan


func _check_graph() -> void:
	if _graph.is_empty():
		_plan.problems.append("the policy is empty: import an .onnx file")
		return
	var opset: int = _graph["opset"]
	if opset < OLDEST_OPSET:
		_plan.problems.append(
			"operator set %d is too old: export with %d or newer" % [opset, OLDEST_OPSET]
		)


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
		var declared: PackedInt64Array = input["shape"]
		var shape: PackedInt64Array = declared.duplicate()
		if not shape.is_empty() and (shape[0] < 0 or shape.size() > 1):
			if shape[0] > 1:
				_plan.problems.append(
					(
						'input "%s" takes batches of %d: export with a batch of 1 or of any size'
						% [input_name, shape[0]]
					)
				)
			shape[0] = 1
		if shape.has(-1):
			_plan.problems.append(
				'input "%s" has no fixed size along axis %d' % [input_name, shape.find(-1)]
			)
			shape = [0]
		_plan.input_shapes[input_name] = shape
		_plan.input_slots[input_name] = _store(input_name, RlTensor.zeros(shape), false)


func _store(value_name: String, value: RlTensor, constant: bool) -> int:
	var slot: int = _values.size()
	_slots[value_name] = slot
	_values.append(value)
	_constant.append(constant)
	return slot


# The nodes that lead to an output, in the order of the file, which is one they can run in.
func _needed_nodes() -> Array[Dictionary]:
	var nodes: Array[Dictionary] = []
	var wanted: Dictionary[String, bool] = {}
	for output: Dictionary in _graph.get("outputs", []):
		wanted[output["name"]] = true
	var all: Array = _graph.get("nodes", [])
	for index: int in range(all.size() - 1, -1, -1):
		var node: Dictionary = all[index]
		var made: PackedStringArray = node["outputs"]
		for output: String in made:
			if wanted.has(output):
				nodes.append(node)
				for input: String in node["inputs"]:
					wanted[input] = true
				break
	nodes.reverse()
	return nodes


func _check_operators(nodes: Array[Dictionary]) -> void:
	for node: Dictionary in nodes:
		var op: String = node["op"]
		_plan.operators[op] = _plan.operators.get(op, 0) + 1
		var where: String = 'operator %s (node "%s")' % [op, node["name"]]
		if not (_kernels.has(op) or _functions.has(op)):
			_plan.problems.append("%s is not supported by the Godot runtime" % where)
			continue
		var attributes: Dictionary = node["attributes"]
		var unknown: String = RlOperators.unknown_attribute(op, attributes)
		if not unknown.is_empty():
			_plan.problems.append('%s: attribute "%s" is not supported' % [where, unknown])


func _trace(node: Dictionary, steps: Array[RlStep]) -> void:
	var step: RlStep = _new_step(node)
	var all_constant: bool = true
	for slot: int in RlOperators.read_slots(step):
		all_constant = all_constant and (slot < 0 or _constant[slot])
	if step.problem.is_empty():
		_choose_function(step)
	_check_constants(step)
	if step.problem.is_empty():
		step.shape_only = not all_constant
		_run(step)
	if not step.problem.is_empty():
		_plan.problems.append("%s: %s" % [step.label(), step.problem])
		return
	step.input_slots = RlOperators.read_slots(step)
	var folded: bool = all_constant or step.op in RlOperators.SHAPE_ONLY
	for slot: int in step.output_slots:
		if slot >= 0:
			_constant[slot] = folded
	if not folded:
		steps.append(step)


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
	step.name = node["name"]
	step.attributes = node["attributes"]
	step.opset = _graph["opset"]
	step.kernel = _kernels.get(step.op, Callable())
	for input: String in node["inputs"]:
		var slot: int = _slots.get(input, -1)
		step.input_slots.append(slot)
		if not input.is_empty() and (slot < 0 or _values[slot] == null):
			step.problem = 'nothing computes its input "%s"' % input
	var minimum: int = RlOperators.MINIMUM_INPUTS.get(step.op, 1)
	if step.input_slots.size() < minimum or step.input_slots.slice(0, minimum).has(-1):
		step.problem = "an input is missing" if step.problem.is_empty() else step.problem
	for output: String in node["outputs"]:
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


func _read_outputs() -> void:
	var candidates: PackedStringArray = []
	for output: Dictionary in _graph["outputs"]:
		var output_name: String = output["name"]
		var slot: int = _slots.get(output_name, -1)
		if slot < 0 or _values[slot] == null:
			_plan.problems.append('nothing computes the output "%s"' % output_name)
			continue
		_plan.output_slots[output_name] = slot
		if _constant[slot]:
			_plan.constant_outputs[output_name] = _values[slot].as_floats()
		_plan.output_sizes[output_name] = _values[slot].count()
		if output_name != RlPlan.STATE_OUTPUT:
			candidates.append(output_name)
	if candidates.has("output"):
		_plan.main_output = "output"
	elif candidates.size() == 1:
		_plan.main_output = candidates[0]
