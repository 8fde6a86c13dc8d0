extends RefCounted
## Gathers what the agents of one group observe into one block of bytes per observation.

const RlObservation := preload("observation.gd")
const RlWireGroup := preload("wire_group.gd")

var _group: RlWireGroup
## Per observation: the numbers so far (floats), or the bytes so far (pictures).
var _numbers: Array[PackedFloat32Array] = []
var _bytes: Array[PackedByteArray] = []
## The commonest case by far is one array of floats: its size, and its numbers so far.
var _takes_one_array: bool = false
var _size: int = 0
var _only: PackedFloat32Array = []
var _is_ready: bool = false


func _init(group: RlWireGroup) -> void:
	_group = group


func clear() -> void:
	_only.clear()
	_numbers.clear()
	_bytes.clear()
	_numbers.resize(_group.names.size())
	_bytes.resize(_group.names.size())


## Adds what one agent's `_get_observation` returned. Returns why it cannot be used, or "".
func add(raw: Variant) -> String:
	if not _is_ready:
		_get_ready()
	if _takes_one_array and typeof(raw) == TYPE_PACKED_FLOAT32_ARRAY:
		var numbers: PackedFloat32Array = raw
		if numbers.size() == _size:
			_only.append_array(numbers)
			return ""
	elif typeof(raw) == TYPE_DICTIONARY:
		var entries: Dictionary = raw
		if _fits(entries):
			for index: int in _group.names.size():
				var part: PackedFloat32Array = entries[_group.names[index]]
				_numbers[index].append_array(part)
			return ""
	return _add_with_care(raw)


## Moves the blocks to the end of [param blocks], and starts anew.
func take(blocks: Array[PackedByteArray]) -> void:
	if not _is_ready:
		return  # nobody of the group has ever been there
	if _takes_one_array:
		blocks.append(_only.to_byte_array())
		_only.clear()
		return
	for index: int in _group.names.size():
		if _group.are_pictures[index]:
			blocks.append(_bytes[index])
		else:
			blocks.append(_numbers[index].to_byte_array())
	clear()


# A group learns its spaces from its first agent.
func _get_ready() -> void:
	_is_ready = true
	_takes_one_array = _group.names == PackedStringArray(["obs"]) and not _group.are_pictures[0]
	if _takes_one_array:
		_size = floori(_group.row_bytes[0] / float(RlWireGroup.FLOAT_BYTES))
	clear()


## Whether a dictionary can be taken as it is: arrays of floats only, all there and of their sizes.
func _fits(entries: Dictionary) -> bool:
	if _takes_one_array or entries.size() != _group.names.size():
		return false
	for index: int in _group.names.size():
		var value: Variant = entries.get(_group.names[index])
		if typeof(value) != TYPE_PACKED_FLOAT32_ARRAY or _group.are_pictures[index]:
			return false
		var numbers: PackedFloat32Array = value
		if numbers.size() * RlWireGroup.FLOAT_BYTES != _group.row_bytes[index]:
			return false
	return true


func _add_with_care(raw: Variant) -> String:
	var observation: RlObservation = RlObservation.new(raw)
	if not observation.problem.is_empty():
		return observation.problem
	var shapes: Dictionary[String, PackedInt32Array] = observation.get_shapes()
	if shapes != _group.shapes:
		return "the observation changed: %s at the start, now %s" % [_group.shapes, shapes]
	for index: int in _group.names.size():
		var key: String = _group.names[index]
		if _group.are_pictures[index]:
			_bytes[index].append_array(observation.pictures[key].bytes)
		elif _takes_one_array:
			_only.append_array(observation.values[key])
		else:
			_numbers[index].append_array(observation.values[key])
	return ""
