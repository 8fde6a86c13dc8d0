@tool
extends RefCounted
## Every operator the runtime knows: what it runs and which attributes it understands. An operator
## or attribute that is not here is refused by name when the policy is imported.

const Elementwise := preload("elementwise.gd")
const LayoutOperators := preload("operators_layout.gd")
const MathOperators := preload("operators_math.gd")
const MatrixOperators := preload("operators_matrix.gd")
const RowOperators := preload("operators_rows.gd")
const SelectOperators := preload("operators_select.gd")

## Operator name → attributes understood. Functions of one number are in [Elementwise].
const ATTRIBUTES: Dictionary[String, Array] = {
	"Cast": ["to", "saturate"],
	"Clip": ["min", "max"],
	"Concat": ["axis"],
	"ConstantOfShape": ["value"],
	"Dropout": ["ratio", "seed"],
	"Elu": ["alpha"],
	"Flatten": ["axis"],
	"Gather": ["axis"],
	"Gemm": ["alpha", "beta", "transA", "transB"],
	"LayerNormalization": ["axis", "epsilon", "stash_type"],
	"LeakyRelu": ["alpha"],
	"LogSoftmax": ["axis"],
	"OneHot": ["axis"],
	"ReduceMax": ["axes", "keepdims", "noop_with_empty_axes"],
	"ReduceMean": ["axes", "keepdims", "noop_with_empty_axes"],
	"ReduceMin": ["axes", "keepdims", "noop_with_empty_axes"],
	"ReduceSum": ["axes", "keepdims", "noop_with_empty_axes"],
	"Reshape": ["allowzero"],
	"Shape": ["start", "end"],
	"Slice": ["axes", "starts", "ends"],
	"Softmax": ["axis"],
	"Split": ["axis", "split", "num_outputs"],
	"Squeeze": ["axes"],
	"Transpose": ["perm"],
	"Unsqueeze": ["axes"],
}


## Operator name → kernel, as [member Step.kernel] describes it.
static func kernels() -> Dictionary[String, Callable]:
	var all: Dictionary[String, Callable] = {}
	all.merge(LayoutOperators.kernels())
	all.merge(MathOperators.kernels())
	all.merge(MatrixOperators.kernels())
	all.merge(RowOperators.kernels())
	all.merge(SelectOperators.kernels())
	return all


## Names of all operators, sorted.
static func names() -> PackedStringArray:
	var all: PackedStringArray = PackedStringArray(Elementwise.functions().keys())
	all.append_array(PackedStringArray(kernels().keys()))
	all.sort()
	return all


## The first attribute of [param attributes] that [param op] does not understand, "" if none.
static func unknown_attribute(op: String, attributes: Dictionary) -> String:
	var known: Array = ATTRIBUTES.get(op, [])
	for key: String in attributes:
		if not known.has(key):
			return key
	return ""
