@tool
extends RefCounted
## Convolutions, poolings and recurrent layers. Only the shapes of their results are found here;
## their stages compute them.

const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")
const RlWindows := preload("windows.gd")

const GATES: Dictionary[String, int] = {"GRU": 3, "LSTM": 4, "RNN": 1}
const ACTIVATIONS: Dictionary[String, Array] = {
	"GRU": ["Sigmoid", "Tanh"],
	"LSTM": ["Sigmoid", "Tanh", "Tanh"],
	"RNN": ["Tanh"],
}


static func kernels() -> Dictionary[String, Callable]:
	return {
		"AveragePool": _pool,
		"BatchNormalization": _batch_normalization,
		"Conv": _conv,
		"GRU": _recurrent,
		"GlobalAveragePool": _pool,
		"GlobalMaxPool": _pool,
		"LSTM": _recurrent,
		"MaxPool": _pool,
		"RNN": _recurrent,
	}


## The windows of a convolution or a pooling; null, with a noted problem, if they do not fit.
static func windows_of(step: RlStep, inputs: Array[RlTensor]) -> RlWindows:
	var shape: PackedInt64Array = inputs[0].shape
	var kernel: PackedInt64Array = step.attributes.get("kernel_shape", PackedInt64Array())
	if step.op == "Conv":
		kernel = inputs[1].shape.slice(2)
	elif step.op.begins_with("Global"):
		kernel = shape.slice(2)
	if shape.size() != kernel.size() + 2:
		step.fail("a kernel of %s does not fit shape %s" % [kernel, shape])
		return null
	return RlWindows.read(step, shape, kernel)


## Factor and summand of a BatchNormalization, in the shape of its input.
static func batch_factors(step: RlStep, inputs: Array[RlTensor]) -> Array[PackedFloat32Array]:
	var epsilon: float = step.float_attribute("epsilon", 1e-5)
	var scale: PackedFloat32Array = inputs[1].as_floats().duplicate()
	var bias: PackedFloat32Array = inputs[2].as_floats().duplicate()
	for index: int in scale.size():
		scale[index] /= sqrt(inputs[4].as_floats()[index] + epsilon)
		bias[index] -= inputs[3].as_floats()[index] * scale[index]
	var shape: PackedInt64Array = inputs[0].shape
	var narrow: PackedInt64Array = shape.duplicate()
	narrow.fill(1)
	narrow[1] = scale.size()
	return [
		RlTensor.of_floats(scale, narrow).expanded(shape).as_floats(),
		RlTensor.of_floats(bias, narrow).expanded(shape).as_floats()
	]


static func _batch_normalization(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var shape: PackedInt64Array = inputs[0].shape
	if step.int_attribute("training_mode", 0) != 0 or shape.size() < 2:
		return step.fail("it works in training mode, or has no channels")
	for index: int in range(1, 5):
		if inputs[index] == null or inputs[index].count() != shape[1]:
			return step.fail("statistics do not fit shape %s" % shape)
	return [RlTensor.zeros(shape)]


static func _conv(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var windows: RlWindows = windows_of(step, inputs)
	if windows == null:
		return []
	var groups: int = step.int_attribute("group", 1)
	if groups < 1:
		return step.fail("group %d is not possible" % groups)
	var channels: int = inputs[0].shape[1]
	var outputs: int = inputs[1].shape[0]
	if channels != inputs[1].shape[1] * groups or outputs % groups != 0:
		return step.fail("shapes %s and %s do not fit" % [inputs[0].shape, inputs[1].shape])
	var shape: PackedInt64Array = [inputs[0].shape[0], outputs]
	shape.append_array(windows.output)
	var bias: RlTensor = step.optional(inputs, 2)
	if bias != null and bias.count() != outputs:
		return step.fail("a bias of shape %s does not fit %d channels" % [bias.shape, outputs])
	var lengths: PackedInt64Array = windows.output + windows.kernel
	lengths.append(channels)
	if not step.fits(shape) or not step.can_afford(lengths):
		return []
	return [RlTensor.zeros(shape)]


static func _pool(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var windows: RlWindows = windows_of(step, inputs)
	if windows == null:
		return []
	if step.output_slots.size() > 1:
		return step.fail("its indices are not supported")
	var shape: PackedInt64Array = inputs[0].shape.slice(0, 2)
	shape.append_array(windows.output)
	if not step.fits(shape):
		return []
	return [RlTensor.zeros(shape)]


static func _recurrent(step: RlStep, inputs: Array[RlTensor]) -> Array[RlTensor]:
	var problem: String = _recurrent_problem(step, inputs)
	if not problem.is_empty():
		return step.fail(problem)
	var length: int = inputs[0].shape[0]
	var directions: int = inputs[1].shape[0]
	var units: int = inputs[2].shape[2]
	var state: PackedInt64Array = [directions, 1, units]
	if not step.fits([length, directions, 1, units]):
		return []
	var results: Array[RlTensor] = [
		RlTensor.zeros([length, directions, 1, units]), RlTensor.zeros(state), RlTensor.zeros(state)
	]
	return results.slice(0, 3 if step.op == "LSTM" else 2)


static func _recurrent_problem(step: RlStep, inputs: Array[RlTensor]) -> String:
	var gates: int = GATES[step.op]
	for tensor: RlTensor in inputs.slice(0, 3):
		if tensor.shape.size() != 3:
			return "shape %s has no three axes" % tensor.shape
	var units: int = inputs[2].shape[2]
	var expected: PackedInt64Array = [inputs[1].shape[0], gates * units, inputs[0].shape[2]]
	if inputs[1].shape != expected or inputs[2].shape[1] != gates * units:
		return "weights of shapes %s and %s do not fit" % [inputs[1].shape, inputs[2].shape]
	var directions: int = 2 if step.attributes.get("direction", "") == "bidirectional" else 1
	if step.int_attribute("hidden_size", units) != units or expected[0] != directions:
		return "hidden_size and direction do not fit weights of shape %s" % inputs[2].shape
	var states: Dictionary[int, int] = {3: 2 * gates * units, 5: units, 6: units}
	for index: int in states:
		var tensor: RlTensor = step.optional(inputs, index)
		if tensor != null and tensor.count() != directions * states[index]:
			return "its input %d of shape %s does not fit" % [index, tensor.shape]
	if inputs[0].shape[1] != 1:
		return "a batch inside of the value (shape %s) is not supported" % inputs[0].shape
	if step.optional(inputs, 4) != null and inputs[4].as_ints()[0] != inputs[0].shape[0]:
		return "sequences of several lengths are not supported"
	if step.optional(inputs, 7) != null:
		return "peepholes are not supported"
	if step.int_attribute("layout", 0) != 0 or step.int_attribute("input_forget", 0) != 0:
		return "layout 1 and input_forget are not supported"
	var activations: PackedStringArray = step.attributes.get("activations", PackedStringArray())
	for index: int in activations.size():
		var known: Array = ACTIVATIONS[step.op]
		if activations[index] != known[index % known.size()]:
			return "the activation %s is not supported" % activations[index]
	return ""
