@tool
extends RefCounted
## Every operator the runtime knows: what it runs and which attributes it understands. An operator
## or attribute that is not here is refused by name when the policy is imported.

const RlAttributes := preload("attributes.gd")
const RlElementwise := preload("elementwise.gd")
const RlLayerOperators := preload("operators_layers.gd")
const RlLayoutOperators := preload("operators_layout.gd")
const RlMathOperators := preload("operators_math.gd")
const RlMatrixOperators := preload("operators_matrix.gd")
const RlRowOperators := preload("operators_rows.gd")
const RlSelectOperators := preload("operators_select.gd")
const RlStep := preload("step.gd")

## Operator name → attributes understood. Functions of one number are in [RlElementwise].
const ATTRIBUTES: Dictionary[String, Array] = {
	"ArgMax": ["axis", "keepdims", "select_last_index"],
	"ArgMin": ["axis", "keepdims", "select_last_index"],
	"AveragePool":
	["auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"],
	"BatchNormalization": ["epsilon", "momentum", "spatial", "training_mode"],
	"Cast": ["to", "saturate"],
	"CastLike": ["saturate"],
	"Celu": ["alpha"],
	"Clip": ["min", "max"],
	"Concat": ["axis"],
	"ConstantOfShape": ["value"],
	"Conv": ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"],
	"CumSum": ["exclusive", "reverse"],
	"Dropout": ["ratio", "seed"],
	"Elu": ["alpha"],
	"Flatten": ["axis"],
	"GRU": ["activations", "direction", "hidden_size", "layout", "linear_before_reset"],
	"Gather": ["axis"],
	"Gelu": ["approximate"],
	"Gemm": ["alpha", "beta", "transA", "transB"],
	"HardSigmoid": ["alpha", "beta"],
	"LSTM": ["activations", "direction", "hidden_size", "input_forget", "layout"],
	"LayerNormalization": ["axis", "epsilon", "stash_type"],
	"LeakyRelu": ["alpha"],
	"LogSoftmax": ["axis"],
	"LpNormalization": ["axis", "p"],
	"MaxPool":
	["auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"],
	"Mod": ["fmod"],
	"OneHot": ["axis"],
	"Pad": ["mode", "pads", "value"],
	"RNN": ["activations", "direction", "hidden_size", "layout"],
	"Reshape": ["allowzero"],
	"Selu": ["alpha", "gamma"],
	"Shape": ["start", "end"],
	"Slice": ["axes", "starts", "ends"],
	"Softmax": ["axis"],
	"Split": ["axis", "split", "num_outputs"],
	"Squeeze": ["axes"],
	"ThresholdedRelu": ["alpha"],
	"Transpose": ["perm"],
	"Unsqueeze": ["axes"],
}
const OF_REDUCTIONS: Array[String] = ["axes", "keepdims", "noop_with_empty_axes"]
## Operators whose result depends on the shape of the input alone; shapes never change here.
const SHAPE_ONLY: PackedStringArray = ["Shape", "Size"]
## Layers whose trace finds their shape and no numbers.
const ONLY_SHAPES: PackedStringArray = [
	"AveragePool",
	"BatchNormalization",
	"Conv",
	"GRU",
	"GlobalAveragePool",
	"GlobalMaxPool",
	"LSTM",
	"MaxPool",
	"RNN",
]
const MINIMUM_INPUTS: Dictionary[String, int] = {
	"BatchNormalization": 5,
	"CastLike": 2,
	"ConstantOfShape": 1,
	"Conv": 2,
	"CumSum": 2,
	"Expand": 2,
	"GRU": 3,
	"Gather": 2,
	"Gemm": 2,
	"LSTM": 3,
	"LayerNormalization": 2,
	"MatMul": 2,
	"OneHot": 3,
	"RNN": 3,
	"Range": 3,
	"Reshape": 2,
	"Tile": 2,
	"Where": 3,
}
const MAY_BE_EMPTY: PackedStringArray = [
	"Cast", "CastLike", "Concat", "ConstantOfShape", "Identity", "Shape", "Size", "Slice", "Squeeze"
]
## These and the reductions.
const MAY_LIST_NOTHING: PackedStringArray = ["Expand", "Gather", "Reshape", "Tile", "Unsqueeze"]
## Inputs that have to be constant: shapes, axes, weights of layers.
const CONSTANT_INPUTS: Dictionary[String, Array] = {
	"BatchNormalization": [1, 2, 3, 4],
	"ConstantOfShape": [0],
	"Conv": [1, 2],
	"CumSum": [1],
	"Expand": [1],
	"GRU": [1, 2, 3, 4],
	"LSTM": [1, 2, 3, 4],
	"LayerNormalization": [1, 2],
	"OneHot": [1, 2],
	"Pad": [1, 2, 3],
	"RNN": [1, 2, 3, 4],
	"Range": [0, 1, 2],
	"Reshape": [1],
	"Slice": [1, 2, 3, 4],
	"Split": [1],
	"Squeeze": [1],
	"Tile": [1],
	"Unsqueeze": [1],
}


## Operator name → kernel, as [member RlStep.kernel] describes it.
static func kernels() -> Dictionary[String, Callable]:
	var all: Dictionary[String, Callable] = {}
	all.merge(RlLayerOperators.kernels())
	all.merge(RlLayoutOperators.kernels())
	all.merge(RlMathOperators.kernels())
	all.merge(RlMatrixOperators.kernels())
	all.merge(RlRowOperators.kernels())
	all.merge(RlSelectOperators.kernels())
	return all


## Inputs of [param op] that have to be constant.
static func constant_inputs(op: String) -> Array:
	return [1] if op in RlRowOperators.REDUCTIONS else CONSTANT_INPUTS.get(op, [])


## The slots of [param step] whose numbers count: the second input of [code]CastLike[/code] only has
## a type.
static func read_slots(step: RlStep) -> PackedInt32Array:
	return step.input_slots.slice(0, 1) if step.op == "CastLike" else step.input_slots


## Names of all operators, sorted.
static func names() -> PackedStringArray:
	var all: PackedStringArray = PackedStringArray(RlElementwise.functions().keys())
	all.append_array(PackedStringArray(kernels().keys()))
	all.sort()
	return all


## Whether the input at [param index] of [param op] may have no numbers: lists of axes, shapes of
## scalars, and what only passes them on.
static func may_be_empty(op: String, index: int) -> bool:
	if op in MAY_BE_EMPTY:
		return true
	return index > 0 and (op in MAY_LIST_NOTHING or op in RlRowOperators.REDUCTIONS)


## What is wrong with the attributes of [param op]; "" if nothing.
static func attribute_problem(op: String, attributes: Dictionary) -> String:
	var known: Array = ATTRIBUTES.get(op, [])
	if op in RlRowOperators.REDUCTIONS:
		known = OF_REDUCTIONS
	for key: String in attributes:
		if not known.has(key):
			return 'attribute "%s" is not supported' % key
		var problem: String = RlAttributes.problem(op, key, attributes[key])
		if problem != "":
			return problem
	return ""
