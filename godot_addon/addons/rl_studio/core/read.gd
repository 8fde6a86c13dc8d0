@tool
extends RefCounted
## Typed reads from dictionaries that came from outside (the socket, a JSON file). A value that is
## absent or of another type gives the fallback, so nothing a peer sends can break a script.


## Text at [param key].
static func text(from: Dictionary, key: String, fallback: String = "") -> String:
	var value: Variant = from.get(key)
	return str(value) if value is String or value is StringName else fallback


## Whole number at [param key]; floats (JSON has no ints) are cut.
static func integer(from: Dictionary, key: String, fallback: int = 0) -> int:
	return roundi(number(from, key, fallback)) if is_number(from.get(key)) else fallback


## Number at [param key]; [param fallback] (NAN: "not known") for null.
static func number(from: Dictionary, key: String, fallback: float = NAN) -> float:
	var value: Variant = from.get(key)
	if not is_number(value):
		return fallback
	var real: float = value
	return real


## Truth value at [param key].
static func flag(from: Dictionary, key: String, fallback: bool = false) -> bool:
	var value: Variant = from.get(key)
	if value is bool:
		var truth: bool = value
		return truth
	return fallback


## Dictionary at [param key], empty if there is none.
static func dict(from: Dictionary, key: String) -> Dictionary:
	var value: Variant = from.get(key)
	if value is Dictionary:
		var map: Dictionary = value
		return map
	return {}


## Array at [param key], empty if there is none.
static func list(from: Dictionary, key: String) -> Array:
	var value: Variant = from.get(key)
	if value is Array:
		var items: Array = value
		return items
	return []


## The dictionaries of the array at [param key]; other items are left out.
static func dicts(from: Dictionary, key: String) -> Array[Dictionary]:
	var found: Array[Dictionary] = []
	for item: Variant in list(from, key):
		if item is Dictionary:
			var map: Dictionary = item
			found.append(map)
	return found


## The strings of the array at [param key]; other items are left out.
static func texts(from: Dictionary, key: String) -> PackedStringArray:
	var found: PackedStringArray = []
	for item: Variant in list(from, key):
		if item is String:
			found.append(str(item))
	return found


## Whether [param value] is an int or a float.
static func is_number(value: Variant) -> bool:
	return value is int or value is float


## The dictionary in the JSON file at [param path]; empty if there is no such file or it is not one.
static func json_file(path: String) -> Dictionary:
	if not FileAccess.file_exists(path):
		return {}
	var file: FileAccess = FileAccess.open(path, FileAccess.READ)
	if file == null:
		return {}
	var json: JSON = JSON.new()
	if json.parse(file.get_as_text()) != OK or not json.data is Dictionary:
		return {}
	var map: Dictionary = json.data
	return map
