@tool
extends RefCounted
## What type each attribute of an operator has to be of. Files may say otherwise.

const INTS: PackedStringArray = [
	"allowzero",
	"axis",
	"ceil_mode",
	"count_include_pad",
	"exclusive",
	"fmod",
	"group",
	"hidden_size",
	"input_forget",
	"keepdims",
	"layout",
	"linear_before_reset",
	"noop_with_empty_axes",
	"num_outputs",
	"p",
	"reverse",
	"saturate",
	"seed",
	"select_last_index",
	"spatial",
	"start",
	"end",
	"stash_type",
	"storage_order",
	"to",
	"training_mode",
	"transA",
	"transB",
]
const FLOATS: PackedStringArray = [
	"alpha", "beta", "epsilon", "gamma", "max", "min", "momentum", "ratio"
]
const INT_LISTS: PackedStringArray = [
	"axes", "dilations", "ends", "kernel_shape", "pads", "perm", "split", "starts", "strides"
]
const STRINGS: PackedStringArray = ["approximate", "auto_pad", "direction", "mode"]


## Why [param value] cannot be the attribute [param key] of [param op]; "" if it can.
static func problem(op: String, key: String, value: Variant) -> String:
	if _types_of(op, key).has(typeof(value)):
		return ""
	return 'attribute "%s" is of the wrong type (%s)' % [key, type_string(typeof(value))]


static func _types_of(op: String, key: String) -> PackedInt32Array:
	if key in FLOATS or (key == "value" and op != "ConstantOfShape"):
		return [TYPE_FLOAT, TYPE_INT]
	if key in INTS:
		return [TYPE_INT]
	if key in INT_LISTS:
		return [TYPE_PACKED_INT64_ARRAY]
	if key in STRINGS:
		return [TYPE_STRING]
	return [TYPE_DICTIONARY] if key == "value" else [TYPE_PACKED_STRING_ARRAY]
