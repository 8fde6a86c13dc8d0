extends RefCounted
## What agents see, row after row, as the inputs of the policy that plays them.

const RlObservation := preload("observation.gd")
const RlPicture := preload("picture.gd")

## By input of the policy, the numbers of all agents added so far.
var rows: Dictionary[String, PackedFloat32Array] = {}

var _sizes: Dictionary[String, int]
## By far the commonest case is one array of floats: its name, and its size.
var _only_name: String = ""
var _only_size: int = -1


## [param sizes] are the numbers of one agent by input.
func _init(sizes: Dictionary[String, int]) -> void:
	_sizes = sizes
	if sizes.size() == 1:
		_only_name = sizes.keys()[0]
		_only_size = sizes[_only_name]
	clear()


func clear() -> void:
	for input: String in _sizes:
		rows[input] = PackedFloat32Array()


## Adds what one agent's `_get_observation` returned. Returns why it cannot be used, or "".
func add(raw: Variant) -> String:
	if typeof(raw) == TYPE_PACKED_FLOAT32_ARRAY and _only_name == RlObservation.ONLY_NAME:
		var numbers: PackedFloat32Array = raw
		if numbers.size() == _only_size:
			rows[_only_name].append_array(numbers)
			return ""
	var observation: RlObservation = RlObservation.new(raw)
	if not observation.problem.is_empty():
		return observation.problem
	var parts: Dictionary[String, PackedFloat32Array] = {}
	for input: String in _sizes:
		parts[input] = observation.get_numbers(input)
		if parts[input].size() != _sizes[input]:
			return (
				'the observation changed: the policy expects "%s" of size %d, now it is %d'
				% [input, _sizes[input], parts[input].size()]
			)
	for input: String in parts:
		rows[input].append_array(parts[input])
	return ""
