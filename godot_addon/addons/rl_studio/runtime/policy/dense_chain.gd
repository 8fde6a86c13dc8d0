@tool
extends RefCounted
## The fast path of a plain network: the inputs one after another, then stage after stage.

const Stage := preload("stage.gd")

## The inputs to put one after another, in this order.
var input_names: PackedStringArray
## Width of the inputs together.
var input_count: int
## Width of the input if there is only one, else -1.
var flat_count: int = -1
var output_count: int
var stages: Array[Stage]


## The output for the inputs, already put one after another.
func run(values: PackedFloat32Array) -> PackedFloat32Array:
	var x: PackedVector4Array = Stage.pack(values)
	for stage: Stage in stages:
		x = stage.apply(x)
	return Stage.unpack(x, output_count)


## Puts the named inputs one after another.
func join(inputs: Dictionary[String, PackedFloat32Array]) -> PackedFloat32Array:
	if input_names.size() == 1:
		return inputs[input_names[0]]
	var joined: PackedFloat32Array = PackedFloat32Array()
	for input_name: String in input_names:
		joined.append_array(inputs[input_name])
	return joined
