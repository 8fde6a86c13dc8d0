@tool
extends VBoxContainer
## The form of a trainer's configuration, made from its schema: the basic fields, and behind a fold
## the advanced ones in their groups.

signal edited(key: String, value: Variant)
signal revert_requested(key: String)

const FieldRow := preload("field_row.gd")
const FoldButton := preload("fold_button.gd")
const FormField := preload("../core/form_field.gd")
const FormModel := preload("../core/form_model.gd")
const Look := preload("look.gd")

var _model: FormModel
var _rows: Dictionary[String, FieldRow] = {}
var _fold: FoldButton = FoldButton.new()
var _basic: VBoxContainer = VBoxContainer.new()
var _advanced: VBoxContainer = VBoxContainer.new()


func _init() -> void:
	add_child(_basic)
	_fold.text = "Advanced"
	_fold.name = "Advanced"
	add_child(_fold)
	add_child(_advanced)
	_fold.set_target(_advanced)
	visible = false


## Draws [param model] now and whenever it changes.
func setup(model: FormModel) -> void:
	_model = model
	_model.loaded.connect(_build)
	_model.value_changed.connect(_on_model_value_changed)
	_model.errors_changed.connect(_show_all)
	_build()


func _build() -> void:
	for parent: VBoxContainer in [_basic, _advanced]:
		for child: Node in parent.get_children():
			parent.remove_child(child)
			child.queue_free()
	_rows.clear()
	visible = not _model.fields.is_empty()
	var group: String = ""
	for field: FormField in _model.fields:
		if field.type == "scene":
			continue  # has a picker of its own
		if field.is_advanced and field.group != group:
			group = field.group
			_advanced.add_child(_make_header(group))
		_add_row(field)
	_show_all()


func _add_row(field: FormField) -> void:
	var row: FieldRow = FieldRow.new(field)
	row.edited.connect(func(key: String, value: Variant) -> void: edited.emit(key, value))
	row.revert_requested.connect(func(key: String) -> void: revert_requested.emit(key))
	_rows[field.key] = row
	(_advanced if field.is_advanced else _basic).add_child(row)


func _make_header(group: String) -> Label:
	var header: Label = Label.new()
	header.text = group
	header.modulate.a = 0.6
	return header


func _show_all() -> void:
	for key: String in _rows:
		_rows[key].show_value(_model)
	_show_counts()


func _show_counts() -> void:
	var changed: int = 0
	var wrong: int = 0
	for field: FormField in _model.fields:
		if field.is_advanced:
			changed += 1 if _model.is_changed(field.key) else 0
			wrong += 1 if _model.error(field.key) != "" else 0
	_fold.text = "Advanced" + (" (%d changed)" % changed if changed > 0 else "")
	if wrong > 0:
		_fold.button_pressed = true  # an error must not hide


func _on_model_value_changed(key: String) -> void:
	if _rows.has(key):
		_rows[key].show_value(_model)
	_show_counts()
