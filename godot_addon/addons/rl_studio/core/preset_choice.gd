@tool
extends RefCounted
## Which of a trainer's presets the form has the values of, and choosing another one. A preset says
## something about every field that any preset sets: what it does not name is the default. With an
## algorithm that has not all the fields a preset sets, there is no such preset.

## Another preset fits, or what can be taken back changed.
signal changed

const RlFormField := preload("form_field.gd")
const RlFormModel := preload("form_model.gd")
const RlPreset := preload("preset.gd")

## What [method current] says when the form has the values of no preset.
const CUSTOM: int = -1

## Those that fit the form's algorithm.
var presets: Array[RlPreset] = []

var _all: Array[RlPreset] = []
var _form: RlFormModel
## What the fields that the last choice changed had before; empty if there is nothing to take back.
var _before: Dictionary[String, Variant] = {}
var _is_setting: bool = false


func _init(form: RlFormModel) -> void:
	_form = form
	_form.loaded.connect(_on_form_loaded)
	_form.value_changed.connect(_on_form_value_changed)


## Takes over the presets of a trainer; the form is to be loaded next.
func set_presets(descriptions: Array[Dictionary]) -> void:
	_all.clear()
	for description: Dictionary in descriptions:
		_all.append(RlPreset.new(description))


## Index of the preset whose values the form has, or [constant CUSTOM].
func current() -> int:
	for index: int in presets.size():
		if _keys().all(_has_value_of.bind(presets[index])):
			return index
	return CUSTOM


## Whether there is anything to choose from.
func has_choice() -> bool:
	return presets.any(func(preset: RlPreset) -> bool: return not preset.values.is_empty())


## Sets the form to the preset number [param index].
func choose(index: int) -> void:
	var before: Dictionary[String, Variant] = {}
	var wanted: Dictionary[String, Variant] = {}
	for key: String in _keys():
		wanted[key] = _value_in(key, presets[index])
		if not RlFormField.same(_form.value(key), wanted[key]):
			before[key] = _form.value(key)
	_set_values(wanted)
	_before = before
	changed.emit()


## Whether [method undo] would change something.
func can_undo() -> bool:
	return not _before.is_empty()


## Gives the fields back what they had before the last choice.
func undo() -> void:
	_set_values(_before)
	_before = {}
	changed.emit()


## What the last choice changed: "Batch size 256 → 128" and so on.
func changes() -> PackedStringArray:
	var texts: PackedStringArray = []
	for key: String in _before:
		var field: RlFormField = _form.field(key)
		var pair: Array = [field.title, _text(field, _before[key]), _text(field, _form.value(key))]
		texts.append("%s %s → %s" % pair)
	return texts


## What preset number [param index] sets: "Batch size 128" and so on; empty for the defaults.
func settings(index: int) -> PackedStringArray:
	var texts: PackedStringArray = []
	for key: Variant in presets[index].values:
		var field: RlFormField = _form.field(str(key))
		if field != null:
			texts.append("%s %s" % [field.title, _text(field, presets[index].values[key])])
	return texts


## The fields of the form that any preset sets.
func _keys() -> Array[String]:
	var keys: Array[String] = []
	for preset: RlPreset in presets:
		for key: Variant in preset.values:
			if str(key) not in keys and _form.field(str(key)) != null:
				keys.append(str(key))
	return keys


func _value_in(key: String, preset: RlPreset) -> Variant:
	return preset.values.get(key, _form.default_of(key))


## A key that is no field at all is passed over, for a newer backend may know more.
func _find_fitting() -> void:
	var fits: Callable = func(key: Variant) -> bool:
		return _form.field(str(key)) == null or _form.applies(str(key))
	presets.assign(
		_all.filter(func(preset: RlPreset) -> bool: return preset.values.keys().all(fits))
	)


func _has_value_of(key: String, preset: RlPreset) -> bool:
	return RlFormField.same(_form.value(key), _value_in(key, preset))


func _set_values(values: Dictionary[String, Variant]) -> void:
	_is_setting = true
	for key: String in values:
		_form.set_value(key, values[key])
	_is_setting = false


func _text(field: RlFormField, value: Variant) -> String:
	return field.to_phrase(value)


func _on_form_loaded() -> void:
	_before = {}
	_find_fitting()
	changed.emit()


func _on_form_value_changed(key: String) -> void:
	if _is_setting:
		return
	if key == RlFormModel.ALGORITHM:
		_find_fitting()
	if _before.has(key) or key == RlFormModel.ALGORITHM:
		_before = {}  # the user went on from here; undo would take that away, too
	changed.emit()
