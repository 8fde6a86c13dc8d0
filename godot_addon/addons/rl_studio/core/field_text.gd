@tool
extends RefCounted
## A form's values as the user writes them, and back.

const RlFormat := preload("format.gd")

## Types of fields with a number, see FormField.
const NUMBERS: PackedStringArray = ["int", "float", "int_or_auto", "float_or_auto"]


## [param value] of a field of [param type] as text; "" for null and what is empty.
static func write(type: String, value: Variant) -> String:
	if value == null:
		return ""
	match typeof(value):
		TYPE_FLOAT:
			var number: float = value
			return RlFormat.scientific(number)
		TYPE_ARRAY:
			var items: Array = value
			return ", ".join(PackedStringArray(items))
		TYPE_DICTIONARY when type == "json":
			return JSON.stringify(value, "  ", false) if value != {} else ""
		TYPE_DICTIONARY:
			var parts: PackedStringArray = []
			var map: Dictionary = value
			for name: Variant in map:
				parts.append("%s=%s" % [name, map[name]])
			return ", ".join(parts)
	return str(value)


## The value that [param text] stands for; text that is none comes back as it is.
static func read(type: String, text: String) -> Variant:
	var clean: String = text.strip_edges()
	if type in NUMBERS:
		return _number(type, clean.replace("_", "").replace(" ", "")) if clean != "" else null
	match type:
		"int_list", "string_list":
			return _list(type, clean)
		"dict":
			return _map(clean)
		"json":
			return _json(clean)
	return clean


## Whether only whole numbers are values of [param type].
static func is_whole(type: String) -> bool:
	return type not in ["float", "float_or_auto"]


static func _number(type: String, text: String) -> Variant:
	if is_whole(type) and text.is_valid_int():
		return text.to_int()
	if not text.is_valid_float():
		return text
	var number: float = text.to_float()
	if is_whole(type) and number == floorf(number):
		return int(number)  # 2e5 is a whole number too
	return number


static func _list(type: String, text: String) -> Array:
	var items: Array = []
	for part: String in text.replace("[", "").replace("]", "").split(",", false):
		var clean: String = part.strip_edges()
		if type == "int_list" and clean.is_valid_int():
			items.append(clean.to_int())
		elif clean != "":
			items.append(clean)
	return items


static func _map(text: String) -> Dictionary:
	var map: Dictionary = {}
	for part: String in text.split(",", false):
		var name: String = part.get_slice("=", 0).strip_edges().trim_prefix("--")
		if name != "":
			map[name] = part.substr(part.find("=") + 1).strip_edges() if "=" in part else ""
	return map


static func _json(text: String) -> Variant:
	if text == "":
		return {}
	var json: JSON = JSON.new()
	return _with_whole_numbers(json.data) if json.parse(text) == OK else text


## JSON has one kind of number only; 64.0 units would be odd.
static func _with_whole_numbers(value: Variant) -> Variant:
	match typeof(value):
		TYPE_FLOAT:
			var number: float = value
			return int(number) if number == floorf(number) and absf(number) < 1e15 else number
		TYPE_ARRAY:
			var items: Array = value
			return items.map(_with_whole_numbers)
		TYPE_DICTIONARY:
			var map: Dictionary = value
			var made: Dictionary = {}
			for key: Variant in map:
				made[key] = _with_whole_numbers(map[key])
			return made
	return value
