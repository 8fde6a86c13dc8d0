@tool
extends RefCounted
## One field of a trainer's configuration, as the schema describes it. Reads and writes its values
## as text and checks them.

const RlFieldText := preload("field_text.gd")
const RlFormat := preload("format.gd")
const RlRead := preload("read.gd")

## The word that stands for a number of the trainer's choice in fields of a type "…_or_auto".
const AUTO: String = "auto"

var key: String = ""
var title: String = ""
var help: String = ""
## "int", "float", "bool", "string", "enum", "int_list", "string_list", "scene", "dict", "json",
## "int_or_auto" or "float_or_auto".
var type: String = "string"
## The default, unless the algorithm has one of its own: see [method default_for].
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

## The only algorithms that have the field, if [member _is_for_some].
var _algorithms: PackedStringArray = []
var _is_for_some: bool = false
var _defaults: Dictionary = {}


func _init(schema: Dictionary) -> void:
	key = RlRead.text(schema, "key")
	title = RlRead.text(schema, "title", key.capitalize())
	help = RlRead.text(schema, "help")
	type = RlRead.text(schema, "type", "string")
	default = schema.get("default")
	minimum = RlRead.number(schema, "minimum")
	maximum = RlRead.number(schema, "maximum")
	is_minimum_exclusive = RlRead.flag(schema, "exclusive_minimum")
	if RlRead.is_number(schema.get("exclusive_minimum")):
		minimum = RlRead.number(schema, "exclusive_minimum")
		is_minimum_exclusive = true
	unit = RlRead.text(schema, "unit")
	choices = RlRead.list(schema, "choices")
	group = RlRead.text(schema, "group", "General")
	is_advanced = RlRead.text(schema, "level") == "advanced"
	is_nullable = RlRead.flag(schema, "nullable")
	_is_for_some = schema.get("algorithms") is Array
	_algorithms = RlRead.texts(schema, "algorithms")
	_defaults = RlRead.dict(schema, "defaults")


## Whether two values of this field mean the same.
static func same(a: Variant, b: Variant) -> bool:
	if RlRead.is_number(a) and RlRead.is_number(b):
		var first: float = a
		var second: float = b
		return first == second or is_equal_approx(first, second)
	return typeof(a) == typeof(b) and a == b


## Whether [param value] leaves the choice to the trainer.
static func is_auto(value: Variant) -> bool:
	return value is String and str(value) == AUTO


## Whether [param algorithm] has this field.
func applies_to(algorithm: String) -> bool:
	return not _is_for_some or algorithm in _algorithms


## The default with [param algorithm].
func default_for(algorithm: String) -> Variant:
	return _defaults.get(algorithm, default)


## Whether the choice can be left to the trainer with [param algorithm]: always, unless only some
## algorithms do so by default.
func may_be_auto(algorithm: String) -> bool:
	if not type.ends_with("_or_auto"):
		return false
	return is_auto(default_for(algorithm)) or not _defaults.values().any(is_auto)


## What is wrong with [param value], or "".
func check(value: Variant) -> String:
	if value == null:
		return "" if is_nullable else "A value is needed."
	var why: String = ""
	match type:
		"int", "float":
			why = _check_number(value)
		"int_or_auto", "float_or_auto" when not is_auto(value):
			why = _check_number(value)
		"int_list":
			why = _check_list(value)
		"enum" when value not in choices:
			why = "There is no %s here." % value
		"json" when not value is Dictionary:
			why = 'JSON is needed, such as {"name": {"key": 1}}.'
	return why


## [param value] as the user writes it.
func to_text(value: Variant) -> String:
	return RlFieldText.write(type, value)


## The value that [param text] stands for. Text that is none comes back as it is, for [method check]
## and the backend to refuse.
func from_text(text: String) -> Variant:
	if is_nullable and text.strip_edges() == "":
		return null
	return RlFieldText.read(type, text)


## [param value] as part of a sentence: "none" for null and for what is empty.
func to_phrase(value: Variant) -> String:
	var text: String = to_text(value)
	return text if text != "" else "none"


## "between 0 and 1", "above 0" and so on; "" if anything goes.
func range_text() -> String:
	if is_nan(minimum) and is_nan(maximum):
		return ""
	var low: String = RlFormat.scientific(minimum)
	var high: String = RlFormat.scientific(maximum)
	if is_nan(maximum):
		return ("above %s" if is_minimum_exclusive else "%s or more") % low
	if is_nan(minimum):
		return "%s or less" % high
	if is_minimum_exclusive:
		return "above %s, up to %s" % [low, high]
	return "from %s to %s" % [low, high]


func _check_number(value: Variant) -> String:
	var is_whole: bool = RlFieldText.is_whole(type)
	if not RlRead.is_number(value):
		return "A %s is needed." % ("whole number" if is_whole else "number")
	var number: float = value
	if is_whole and number != floorf(number):
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
