@tool
extends "stage_list.gd"
## The fast path of a plain network: the inputs one after another, then stage after stage.

## The inputs to put one after another, in this order.
var input_names: PackedStringArray
## Width of the input if there is only one, else -1.
var flat_count: int = -1
var output_count: int


## The output for one agent and the only input.
func run_flat(values: PackedFloat32Array) -> PackedFloat32Array:
	var x: PackedVector4Array = RlStage.pack(values)
	for stage: RlStage in stages:
		x = stage.apply(x, 1)
	return RlStage.unpack(x, output_count)


## The output for [param rows] agents.
func run(inputs: Dictionary[String, PackedFloat32Array], rows: int) -> PackedFloat32Array:
	return RlStage.unpack(apply(RlStage.pack(_join(inputs, rows), rows), rows), output_count, rows)


# Puts the named inputs one after another, for each agent.
func _join(inputs: Dictionary[String, PackedFloat32Array], rows: int) -> PackedFloat32Array:
	if input_names.size() == 1:
		return inputs[input_names[0]]
	var joined: PackedFloat32Array = PackedFloat32Array()
	for row: int in rows:
		for input_name: String in input_names:
			var numbers: PackedFloat32Array = inputs[input_name]
			@warning_ignore("integer_division")
			var width: int = numbers.size() / rows
			joined.append_array(numbers.slice(row * width, (row + 1) * width))
	return joined
