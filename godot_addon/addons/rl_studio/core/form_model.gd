@tool
extends RefCounted
## The configuration that is being edited: a trainer's fields, their values and what is wrong with
## them. The form draws from it; the experiment is saved from it.
##
## The field "algorithm", if there is one, decides which fields there are and what their defaults
## are. What the user chose for the fields of one algorithm is kept while another is tried.

## Another experiment or another trainer: everything is to be drawn anew.
signal loaded
## The user changed a value.
signal value_changed(key: String)
## Errors came or went.
signal errors_changed

const RlFormField := preload("form_field.gd")
const RlProblem := preload("problem.gd")
const RlRead := preload("read.gd")

const ALGORITHM: String = "algorithm"

var fields: Array[RlFormField] = []

## What the user chose, for the present algorithm or for others.
var _chosen: Dictionary[String, Variant] = {}
var _errors: Dictionary[String, String] = {}


## Takes over a schema ([param schema]: the trainer's fields) and the values that
## differ from the defaults ([param changed]).
func load_form(schema: Array[Dictionary], changed: Dictionary) -> void:
	fields.clear()
	_chosen.clear()
	_errors.clear()
	for description: Dictionary in schema:
		var added: RlFormField = RlFormField.new(description)
		fields.append(added)
		if changed.has(added.key):
			_chosen[added.key] = changed[added.key]
	loaded.emit()


## The field called [param key]; null if there is none.
func field(key: String) -> RlFormField:
	for candidate: RlFormField in fields:
		if candidate.key == key:
			return candidate
	return null


## The groups of the fields, in the order of the schema.
func groups() -> PackedStringArray:
	var found: PackedStringArray = []
	for candidate: RlFormField in fields:
		if candidate.group not in found:
			found.append(candidate.group)
	return found


## The algorithm that is chosen; "" if the trainer has no choice of them.
func algorithm() -> String:
	var decider: RlFormField = field(ALGORITHM)
	return str(_chosen.get(ALGORITHM, decider.default)) if decider != null else ""


## Whether there is a field [param key] with the present algorithm.
func applies(key: String) -> bool:
	var candidate: RlFormField = field(key)
	return candidate != null and candidate.applies_to(algorithm())


## The default of a field with the present algorithm.
func default_of(key: String) -> Variant:
	var candidate: RlFormField = field(key)
	return candidate.default_for(algorithm()) if candidate != null else null


## The present value of a field.
func value(key: String) -> Variant:
	return _chosen.get(key, default_of(key))


## Changes a value and checks it.
func set_value(key: String, new_value: Variant) -> void:
	var changed: RlFormField = field(key)
	if changed == null or RlFormField.same(value(key), new_value):
		return
	if RlFormField.same(new_value, default_of(key)):
		_chosen.erase(key)
	else:
		_chosen[key] = new_value
	if key == ALGORITHM:
		clear_errors()  # other fields, other ranges
	_set_error(key, changed.check(new_value))
	value_changed.emit(key)


## Back to the default.
func revert(key: String) -> void:
	set_value(key, default_of(key))


## Whether the value differs from the default.
func is_changed(key: String) -> bool:
	return not RlFormField.same(value(key), default_of(key))


## The values that differ from the defaults, of the fields the algorithm has.
func overrides() -> Dictionary:
	var changed: Dictionary = {}
	for candidate: RlFormField in fields:
		if is_changed(candidate.key) and applies(candidate.key):
			changed[candidate.key] = value(candidate.key)
	return changed


## All that the user chose, also for fields that the present algorithm has not.
func choices() -> Dictionary:
	return Dictionary(_chosen).duplicate(true)


## What is wrong with a field, or "".
func error(key: String) -> String:
	return _errors.get(key, "")


## Whether any field has an error that is known here.
func has_errors() -> bool:
	return not _errors.is_empty()


## The first field with an error, as "Title: what is wrong".
func first_error() -> String:
	var lines: PackedStringArray = error_lines()
	return lines[0] if not lines.is_empty() else ""


## All fields with an error, a line each: "Title: what is wrong".
func error_lines() -> PackedStringArray:
	var lines: PackedStringArray = []
	for candidate: RlFormField in fields:
		if _errors.has(candidate.key):
			lines.append("%s: %s" % [candidate.title, _errors[candidate.key]])
	return lines


## [param text] with the title of the field that it begins with instead of its key.
func titled(text: String) -> String:
	var named: RlFormField = field(text.get_slice(": ", 0))
	return text if named == null else named.title + text.substr(named.key.length())


## The settings that are not right as a message; null if all are.
func problem() -> RlProblem:
	var lines: PackedStringArray = error_lines()
	if lines.is_empty():
		return null
	var what: String = "A setting is not right."
	if lines.size() > 1:
		what = "%d settings are not right." % lines.size()
	return RlProblem.new(what, "\n".join(lines))


## Shows what the backend refused: a list of {key, message, value}. Returns those that belong to no
## field.
func show_refusals(refusals: Array[Dictionary]) -> PackedStringArray:
	var homeless: PackedStringArray = []
	clear_errors()
	for refusal: Dictionary in refusals:
		var key: String = RlRead.text(refusal, "key")
		var text: String = RlRead.text(refusal, "message")
		var owner: String = key.get_slice(".", 0)  # policies.name.key belongs to policies
		if not applies(owner):
			homeless.append("%s: %s" % [key, text])
		else:
			_errors[owner] = text if owner == key else "%s: %s" % [key, text]
	errors_changed.emit()
	return homeless


## Forgets the backend's refusals; what can be checked here is checked again.
func clear_errors() -> void:
	_errors.clear()
	for candidate: RlFormField in fields:
		if candidate.applies_to(algorithm()):
			_set_error(candidate.key, candidate.check(value(candidate.key)))


func _set_error(key: String, text: String) -> void:
	if text == _errors.get(key, ""):
		return
	if text == "":
		_errors.erase(key)
	else:
		_errors[key] = text
	errors_changed.emit()
