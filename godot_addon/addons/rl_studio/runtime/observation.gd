extends RefCounted
## One observation of an agent, in the form that goes to trainers and policies: arrays of floats
## and pictures by name, names in alphabetical order.

const RlPicture := preload("picture.gd")

## What [method RLAgent._get_observation] has to return, for error messages.
const EXPECTED: String = "a PackedFloat32Array, an Array of numbers or a Dictionary of these"
## Part of the names of pictures, and of nothing else: godot-rl tells them apart by it.
const PICTURE_MARK: String = "2d"
## The name of an observation that is no Dictionary.
const ONLY_NAME: String = "obs"

var values: Dictionary[String, PackedFloat32Array] = {}
var pictures: Dictionary[String, RlPicture] = {}
## Why the observation cannot be used. Empty = it can.
var problem: String = ""
## Whether it cannot because nothing is drawn without a window.
var needs_drawing: bool = false


func _init(raw: Variant) -> void:
	if not raw is Dictionary:
		_read(ONLY_NAME, raw)
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


## Returns a copy of what `_get_observation` returned, which later changes of it leave alone.
static func freeze(raw: Variant) -> Variant:
	match typeof(raw):
		TYPE_PACKED_FLOAT32_ARRAY:
			var numbers: PackedFloat32Array = raw
			return numbers.duplicate()
		TYPE_PACKED_FLOAT64_ARRAY, TYPE_PACKED_INT32_ARRAY, TYPE_PACKED_INT64_ARRAY, TYPE_ARRAY:
			var items: Array = raw
			return items.duplicate()
		TYPE_DICTIONARY:
			var entries: Dictionary = raw
			var copy: Dictionary = {}
			for key: Variant in entries:
				copy[key] = freeze(entries[key])
			return copy
	if raw is Image:
		var image: Image = raw
		return image.duplicate()
	return raw


## Returns the numbers of one observation as policies take them, empty if there is no such one.
## Those of a picture are 0 … 255, rows of pixels, the channels of a pixel side by side.
func get_numbers(key: String) -> PackedFloat32Array:
	if pictures.has(key):
		return pictures[key].to_numbers()
	return values.get(key, PackedFloat32Array())


## Returns the shapes by name, alphabetically: [n], or [channels, height, width] for a picture.
func get_shapes() -> Dictionary[String, PackedInt32Array]:
	var shapes: Dictionary[String, PackedInt32Array] = {}
	for key: String in _get_names():
		if values.has(key):
			shapes[key] = [values[key].size()]
		else:
			shapes[key] = pictures[key].shape
	return shapes


## Returns the place of the first number that is not finite, such as "obs[3] is nan", or "".
func find_bad_number() -> String:
	for key: String in values:
		var numbers: PackedFloat32Array = values[key]
		for number: float in numbers:
			if not is_finite(number):
				return _describe_bad_number(key)
	return ""


## Returns why trainers cannot take these names and sizes, or "".
func find_misfit() -> String:
	if values.is_empty() and pictures.is_empty():
		return "_get_observation returned nothing"
	for key: String in values:
		if PICTURE_MARK in key:
			return (
				'the observation name "%s" contains "2d", which godot-rl reads as an image; rename it'
				% key
			)
		if values[key].is_empty():
			return 'the observation "%s" is empty' % key
	for key: String in pictures:
		if not PICTURE_MARK in key:
			return (
				'the observation "%s" is an Image; put "2d" into its name, as in "%s_2d"'
				% [key, key]
			)
	return ""


func to_json() -> String:
	var parts: PackedStringArray = []
	for key: String in _get_names():
		var value: String = ""
		if values.has(key):
			value = str(values[key])
		else:
			value = '"%s"' % pictures[key].to_hex()
		parts.append("%s:%s" % [JSON.stringify(key), value])
	return "{%s}" % ",".join(parts)


func _get_names() -> PackedStringArray:
	var names: PackedStringArray = values.keys()
	if not pictures.is_empty():
		names.append_array(PackedStringArray(pictures.keys()))
		names.sort()
	return names


func _read(key: String, raw: Variant) -> void:
	match typeof(raw):
		TYPE_PACKED_FLOAT32_ARRAY:
			values[key] = raw
		TYPE_PACKED_FLOAT64_ARRAY, TYPE_PACKED_INT32_ARRAY, TYPE_PACKED_INT64_ARRAY, TYPE_ARRAY:
			var numbers: Array = raw
			_read_array(key, numbers)
		TYPE_OBJECT when raw is Image:
			var image: Image = raw
			_read_picture(key, image)
		TYPE_OBJECT, TYPE_NIL when raw == null and PICTURE_MARK in key:
			_miss_picture(key)
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


## No Image is what a Viewport gives where nothing is drawn.
func _miss_picture(key: String) -> void:
	needs_drawing = DisplayServer.get_name() == "headless"
	problem = 'the observation "%s" is no Image' % key
	if needs_drawing:
		problem += "; nothing is drawn without a window"


func _read_picture(key: String, image: Image) -> void:
	if image.is_empty():
		_miss_picture(key)
		return
	var picture: RlPicture = RlPicture.new(image)
	if picture.problem.is_empty():
		pictures[key] = picture
	else:
		problem = 'the observation "%s" %s' % [key, picture.problem]


func _describe_bad_number(key: String) -> String:
	var numbers: PackedFloat32Array = values[key]
	for index: int in numbers.size():
		if not is_finite(numbers[index]):
			return "%s[%d] is %s" % [key, index, numbers[index]]
	return ""
