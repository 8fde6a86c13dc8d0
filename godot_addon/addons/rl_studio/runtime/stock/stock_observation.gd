extends RefCounted
## Reads what agents of godot_rl_agents see, as the inputs of a policy.

const PICTURE_MARK: String = "2d"
const ONLY_NAME: String = "obs"

## Why the last observation cannot be used. Empty = it can.
var problem: String = ""

var _sizes: Dictionary[String, int]
## By picture, [channels, height, width] as they were trained with.
var _shapes: Dictionary[String, PackedInt32Array] = {}


func _init(policy: RLPolicy) -> void:
	_sizes = policy.get_input_sizes()
	var told: Variant = policy.metadata.get("observation_space")
	var space: Dictionary = told if told is Dictionary else {}
	for input: String in _sizes:
		var entry: Variant = space.get(input)
		if PICTURE_MARK in input and entry is Dictionary:
			var details: Dictionary = entry
			var size: Variant = details.get("size", details.get("shape"))
			if size is Array and len(size) == 3:
				var sizes: Array = size
				_shapes[input] = PackedInt32Array(sizes)


## [param observation] is a Dictionary by name, or the array of the only one. Returns the numbers by
## input; see [member problem].
func read(observation: Variant) -> Dictionary[String, PackedFloat32Array]:
	problem = ""
	var by_name: Dictionary = observation if observation is Dictionary else {}
	if not observation is Dictionary:
		by_name = {_sizes.keys()[0] if _sizes.size() == 1 else ONLY_NAME: observation}
	var inputs: Dictionary[String, PackedFloat32Array] = {}
	for input: String in _sizes:
		if not by_name.has(input):
			problem = (
				'it expects "%s", the agent sees %s'
				% [input, ", ".join(PackedStringArray(by_name.keys()))]
			)
			continue
		var value: Variant = by_name[input]
		if PICTURE_MARK in input and (value == null or str(value).is_empty()):
			problem = 'the agent has no picture as "%s": nothing is drawn without a window' % input
			continue
		if value is String:
			var digits: String = value
			inputs[input] = _read_picture(input, digits.hex_decode())
		elif value is Array:
			var numbers: Array = value
			inputs[input] = PackedFloat32Array(numbers)
		elif value is PackedFloat32Array:
			inputs[input] = value
		elif value is PackedFloat64Array:
			var wide: PackedFloat64Array = value
			inputs[input] = PackedFloat32Array(Array(wide))
		else:
			inputs[input] = PackedFloat32Array([value])
		if inputs[input].size() != _sizes[input]:
			problem = (
				'it expects %d numbers as "%s", the agent sees %d'
				% [_sizes[input], input, inputs[input].size()]
			)
	return inputs


# The trainer took the bytes for one channel after the other; policies want the channels of a pixel
# side by side.
func _read_picture(input: String, sent: PackedByteArray) -> PackedFloat32Array:
	if not _shapes.has(input):
		return PackedFloat32Array(Array(sent))
	var channels: int = _shapes[input][0]
	var pixels: int = _shapes[input][1] * _shapes[input][2]
	var bytes: PackedByteArray = sent
	if channels == 3 and sent.size() == 4 * pixels:
		bytes = _drop_alpha(sent)
	var numbers: PackedFloat32Array = PackedFloat32Array(Array(bytes))
	if channels * pixels != bytes.size():
		return numbers
	for channel: int in channels:
		for pixel: int in pixels:
			numbers[pixel * channels + channel] = bytes[channel * pixels + pixel]
	return numbers


# Some renderers add it to what is declared as red, green and blue.
func _drop_alpha(rgba: PackedByteArray) -> PackedByteArray:
	var rgb: PackedByteArray = []
	for index: int in rgba.size():
		if index % 4 != 3:
			rgb.append(rgba[index])
	return rgb
