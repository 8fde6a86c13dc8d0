@tool
extends VBoxContainer
## The form of a trainer's configuration, made from its schema: a section for each group, with the
## fields that the chosen algorithm has.

signal edited(key: String, value: Variant)
signal revert_requested(key: String)

const RlFieldRow := preload("field_row.gd")
const RlFormField := preload("../core/form_field.gd")
const RlFormModel := preload("../core/form_model.gd")
const RlFormSection := preload("form_section.gd")

var _model: RlFormModel
var _rows: Dictionary[String, RlFieldRow] = {}
var _sections: Dictionary[String, RlFormSection] = {}


func _init() -> void:
	visible = false


## Draws [param model] now and whenever it changes, instead of the one before.
func show_model(model: RlFormModel) -> void:
	if model == _model:
		return
	if _model != null:
		_model.loaded.disconnect(_build)
		_model.value_changed.disconnect(_on_model_value_changed)
		_model.errors_changed.disconnect(_show_all)
	_model = model
	_model.loaded.connect(_build)
	_model.value_changed.connect(_on_model_value_changed)
	_model.errors_changed.connect(_show_all)
	_build()


## The first row that is visible and wrong; null if there is none.
func first_wrong_row() -> Control:
	for row: RlFieldRow in _rows.values():
		if row.visible and row.has_error():
			return row
	return null


func _build() -> void:
	for section: RlFormSection in _sections.values():
		remove_child(section)
		section.queue_free()
	_rows.clear()
	_sections.clear()
	visible = not _model.fields.is_empty()
	for group: String in _model.groups():
		_sections[group] = RlFormSection.new(group)
		add_child(_sections[group])
	for field: RlFormField in _model.fields:
		if field.type != "scene":  # has a picker of its own
			_add_row(field)
	_show_all()


func _add_row(field: RlFormField) -> void:
	var row: RlFieldRow = RlFieldRow.new(field)
	row.edited.connect(func(key: String, value: Variant) -> void: edited.emit(key, value))
	row.revert_requested.connect(func(key: String) -> void: revert_requested.emit(key))
	_rows[field.key] = row
	_sections[field.group].add_row(row)


func _show_all() -> void:
	for section: RlFormSection in _sections.values():
		section.show_values(_model)


func _on_model_value_changed(key: String) -> void:
	if key == RlFormModel.ALGORITHM:
		_show_all()
	elif _rows.has(key):
		_rows[key].show_value(_model)
		_sections[_model.field(key).group].show_counts(_model)
