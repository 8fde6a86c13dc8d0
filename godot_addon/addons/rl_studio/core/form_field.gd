@tool
extends RefCounted
## One field of a trainer's configuration, as the schema describes it. Reads and writes its values
## as text and checks them.

const Format := preload("format.gd")
const Read := preload("read.gd")

## The word that stands for a number of the trainer's choice in fields of type "int_or_auto".
const AUTO: String = "auto"

var key: String = ""
var title: String = ""
var help: String = ""
## "int", "float", "bool", "string", "enum", "int_list", "scene", "dict" or "int_or_auto".
var type: String = "string"
var default: Variant = null
## Smallest value; NAN if there is none.
var minimum: float = NAN
## Largest value; NAN if there is none.
var maximum: float = NAN
## Whether the value has to be above [member minimum].
var is_minimum_exclusive: bool = false
var unit: String = ""
var choices: Array = []
var group: String = ""
var is_advanced: bool = false
## Whether the value may be null ("none").
var is_nullable: bool = false


func _init(schema: Dictionary) -> void:
	key = Read.text(schema, "key")
	title = Read.text(schema, "title", key.capitalize())
	help = Read.text(schema, "help")
	type = Read.text(schema, "type", "string")
	default = schema.get("default")
	minimum = Read.number(schema, "minimum")
	maximum = Read.number(schema, "maximum")
	is_minimum_exclusive = Read.flag(schema, "exclusive_minimum")
	if Read.is_number(schema.get("exclusive_minimum")):
		minimum = Read.number(schema, "exclusive_minimum")
		is_minimum_exclusive = true
	unit = Read.text(schema, "unit")
	choices = Read.list(schema, "choices")
	group = Read.text(schema, "group", "General")
	is_advanced = Read.text(schema, "level") == "advanced"
	is_nullable = Read.flag(schema, "nullable")


## Whether two values of this field mean the same.
static func same(a: Variant, b: Variant) -> bool:
	if Read.is_number(a) and Read.is_number(b):
		var first: float = a
		var second: float = b
		return first == second or is_equal_approx(first, second)
	return typeof(a) == typeof(b) and a == b


## Whether [param value] leaves the choice to the trainer.
static func is_auto(value: Variant) -> bool:
	return value is String and str(value) == AUTO


## What is wrong with [param value], or "".
func check(value: Variant) -> String:
	if value == null:
		return "" if is_nullable else "A value is needed."
	match type:
		"int", "float":
			return _check_number(value)
		"int_or_auto":
			return "" if is_auto(value) else _check_number(value)
		"int_list":
			return _check_list(value)
	return ""


## [param value] as the user writes it.
func to_text(value: Variant) -> String:
	if value == null:
		return ""
	match typeof(value):
		TYPE_FLOAT:
			var number: float = value
			return Format.scientific(number)
		TYPE_ARRAY:
			var items: Array = value
			return ", ".join(PackedStringArray(items))
		TYPE_DICTIONARY:
			var parts: PackedStringArray = []
			var map: Dictionary = value
			for name: Variant in map:
				parts.append("%s=%s" % [name, map[name]])
			return ", ".join(parts)
	return str(value)


## The value that [param text] stands for. Text that is none comes back as it is, for [method check]
## and the backend to refuse.
func from_text(text: String) -> Variant:
	var clean: String = text.strip_edges()
	match type:
		"int", "float", "int_or_auto":
			if clean == "":
				return null
			return _parse_number(clean.replace("_", "").replace(" ", ""))
		"int_list":
			return _parse_list(clean)
		"dict":
			return _parse_map(clean)
	if clean == "" and is_nullable:
		return null
	return clean


## "between 0 and 1", "above 0" and so on; "" if anything goes.
func range_text() -> String:
	if is_nan(minimum) and is_nan(maximum):
		return ""
	var low: String = Format.scientific(minimum)
	var high: String = Format.scientific(maximum)
	if is_nan(maximum):
		return ("above %s" if is_minimum_exclusive else "%s or more") % low
	if is_nan(minimum):
		return "%s or less" % high
	if is_minimum_exclusive:
		return "above %s, up to %s" % [low, high]
	return "from %s to %s" % [low, high]


func _check_number(value: Variant) -> String:
	if not Read.is_number(value):
		return "A %s is needed." % ("whole number" if _is_whole() else "number")
	var number: float = value
	if _is_whole() and number != floorf(number):
		return "A whole number is needed."
	var is_low: bool = number <= minimum if is_minimum_exclusive else number < minimum
	if is_low or number > maximum or not is_finite(number):
		return "Has to be %s." % range_text()
	return ""


func _check_list(value: Variant) -> String:
	if value is Array:
		var items: Array = value
		var are_good: Callable = func(item: Variant) -> bool: return item is int and item > 0
		if items.all(are_good):
			return ""
	return "Whole numbers above 0 are needed, such as 64, 64."


func _parse_number(text: String) -> Variant:
	if _is_whole() and text.is_valid_int():
		return text.to_int()
	if not text.is_valid_float():
		return text
	var number: float = text.to_float()
	if _is_whole() and number == floorf(number):
		return int(number)  # 2e5 is a whole number too
	return number


func _is_whole() -> bool:
	return type != "float"


func _parse_list(text: String) -> Array:
	var items: Array = []
	for part: String in text.replace("[", "").replace("]", "").split(",", false):
		var clean: String = part.strip_edges()
		if clean.is_valid_int():
			items.append(clean.to_int())
		elif clean != "":
			items.append(clean)
	return items


func _parse_map(text: String) -> Dictionary:
	var map: Dictionary = {}
	for part: String in text.split(",", false):
		var name: String = part.get_slice("=", 0).strip_edges().trim_prefix("--")
		if name != "":
			map[name] = part.substr(part.find("=") + 1).strip_edges() if "=" in part else ""
	return map
