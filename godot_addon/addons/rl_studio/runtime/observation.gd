extends RefCounted
## One observation of an agent, in the form that goes to trainers and policies: arrays of floats
## by name, names in alphabetical order.

## What [method RLAgent._get_observation] has to return, for error messages.
const EXPECTED: String = "a PackedFloat32Array, an Array of numbers or a Dictionary of these"

var values: Dictionary[String, PackedFloat32Array] = {}
## Why the observation cannot be used. Empty = it can.
var problem: String = ""


func _init(raw: Variant) -> void:
	if not raw is Dictionary:
		_read("obs", raw)
		return
	var entries: Dictionary = raw
	for key: String in sort_keys(entries):
		_read(key, entries[key])


## Returns the keys of a dictionary as Strings, alphabetically.
static func sort_keys(entries: Dictionary) -> PackedStringArray:
	var keys: PackedStringArray = []
	for key: Variant in entries:
		keys.append(str(key))
	keys.sort()
	return keys


func get_sizes() -> Dictionary[String, int]:
	var sizes: Dictionary[String, int] = {}
	for key: String in values:
		sizes[key] = values[key].size()
	return sizes


## Returns the place of the first number that is not finite, such as "obs[3] is nan", or "".
func find_bad_number() -> String:
	for key: String in values:
		var numbers: PackedFloat32Array = values[key]
		for number: float in numbers:
			if not is_finite(number):
				return _describe_bad_number(key)
	return ""


func to_json() -> String:
	var parts: PackedStringArray = []
	for key: String in values:
		parts.append("%s:%s" % [JSON.stringify(key), values[key]])
	return "{%s}" % ",".join(parts)


func _read(key: String, raw: Variant) -> void:
	match typeof(raw):
		TYPE_PACKED_FLOAT32_ARRAY:
			values[key] = raw
		TYPE_PACKED_FLOAT64_ARRAY, TYPE_PACKED_INT32_ARRAY, TYPE_PACKED_INT64_ARRAY, TYPE_ARRAY:
			var numbers: Array = raw
			_read_array(key, numbers)
		_:
			problem = (
				'_get_observation returned %s for "%s"; expected %s'
				% [type_string(typeof(raw)), key, EXPECTED]
			)


func _read_array(key: String, raw: Array) -> void:
	var numbers: PackedFloat32Array = []
	numbers.resize(raw.size())
	for index: int in raw.size():
		match typeof(raw[index]):
			TYPE_FLOAT, TYPE_INT:
				numbers[index] = raw[index]
			TYPE_BOOL:
				numbers[index] = 1.0 if raw[index] else 0.0
			var type:
				problem = "%s[%d] is a %s, not a number" % [key, index, type_string(type)]
				return
	values[key] = numbers


func _describe_bad_number(key: String) -> String:
	var numbers: PackedFloat32Array = values[key]
	for index: int in numbers.size():
		if not is_finite(numbers[index]):
			return "%s[%d] is %s" % [key, index, numbers[index]]
	return ""
