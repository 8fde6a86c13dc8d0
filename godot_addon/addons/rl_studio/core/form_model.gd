@tool
extends RefCounted
## The configuration that is being edited: a trainer's fields, their values and what is wrong with
## them. The form draws from it; the experiment is saved from it.

## Another experiment or another trainer: everything is to be drawn anew.
signal loaded
## The user changed a value.
signal value_changed(key: String)
## Errors came or went.
signal errors_changed

const FormField := preload("form_field.gd")
const Read := preload("read.gd")

var fields: Array[FormField] = []

var _values: Dictionary[String, Variant] = {}
var _errors: Dictionary[String, String] = {}


## Takes over a schema ([param schema]: the trainer's fields) and the values that
## differ from the defaults ([param changed]).
func load_form(schema: Array[Dictionary], changed: Dictionary) -> void:
	fields.clear()
	_values.clear()
	_errors.clear()
	for description: Dictionary in schema:
		var added: FormField = FormField.new(description)
		fields.append(added)
		_values[added.key] = changed.get(added.key, added.default)
	loaded.emit()


## The field called [param key]; null if there is none.
func field(key: String) -> FormField:
	for candidate: FormField in fields:
		if candidate.key == key:
			return candidate
	return null


## The present value of a field.
func value(key: String) -> Variant:
	return _values.get(key)


## Changes a value and checks it.
func set_value(key: String, new_value: Variant) -> void:
	var changed: FormField = field(key)
	if changed == null or FormField.same(_values.get(key), new_value):
		return
	_values[key] = new_value
	_set_error(key, changed.check(new_value))
	value_changed.emit(key)


## Back to the default.
func revert(key: String) -> void:
	set_value(key, field(key).default)


## Whether the value differs from the default.
func is_changed(key: String) -> bool:
	return not FormField.same(_values.get(key), field(key).default)


## The values that differ from the defaults.
func overrides() -> Dictionary:
	var changed: Dictionary = {}
	for candidate: FormField in fields:
		if is_changed(candidate.key):
			changed[candidate.key] = _values[candidate.key]
	return changed


## What is wrong with a field, or "".
func error(key: String) -> String:
	return _errors.get(key, "")


## Whether any field has an error that is known here.
func has_errors() -> bool:
	return not _errors.is_empty()


## The first field with an error, as "Title: what is wrong".
func first_error() -> String:
	for candidate: FormField in fields:
		if _errors.has(candidate.key):
			return "%s: %s" % [candidate.title, _errors[candidate.key]]
	return ""


## Shows what the backend refused: a list of {key, message, value}. Returns those that belong to no
## field.
func show_refusals(refusals: Array[Dictionary]) -> PackedStringArray:
	var homeless: PackedStringArray = []
	clear_errors()
	for refusal: Dictionary in refusals:
		var key: String = Read.text(refusal, "key")
		var text: String = Read.text(refusal, "message")
		if field(key) == null:
			homeless.append(text)
		else:
			_errors[key] = text
	errors_changed.emit()
	return homeless


## Forgets the backend's refusals; what can be checked here is checked again.
func clear_errors() -> void:
	_errors.clear()
	for candidate: FormField in fields:
		_set_error(candidate.key, candidate.check(_values[candidate.key]))


func _set_error(key: String, text: String) -> void:
	if text == _errors.get(key, ""):
		return
	if text == "":
		_errors.erase(key)
	else:
		_errors[key] = text
	errors_changed.emit()
