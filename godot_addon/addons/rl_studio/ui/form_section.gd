@tool
extends VBoxContainer
## One group of a form: its basic fields, and behind its header those that are rarely used.

const RlFieldRow := preload("field_row.gd")
const RlFoldButton := preload("fold_button.gd")
const RlFormField := preload("../core/form_field.gd")
const RlFormModel := preload("../core/form_model.gd")
const RlLook := preload("look.gd")

var _rows: Array[RlFieldRow] = []
var _fold: RlFoldButton = RlFoldButton.new()
var _title: Label = Label.new()
var _more: Label = Label.new()
var _basic: VBoxContainer = VBoxContainer.new()
var _advanced: VBoxContainer = VBoxContainer.new()


func _init(title: String) -> void:
	name = title.to_pascal_case() + "Section"
	_title.text = title
	_fold.text = title
	_fold.name = "Fold"
	_more.mouse_filter = Control.MOUSE_FILTER_IGNORE
	_more.horizontal_alignment = HORIZONTAL_ALIGNMENT_RIGHT
	_more.set_anchors_and_offsets_preset(Control.PRESET_FULL_RECT)
	_fold.add_child(_more)
	for part: Control in [_fold, _title, _basic, _advanced]:
		add_child(part)
	_fold.set_target(_advanced)


func _ready() -> void:
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Adds the row of a field.
func add_row(row: RlFieldRow) -> void:
	_rows.append(row)
	(_advanced if row.field.is_advanced else _basic).add_child(row)


## Draws all rows from [param model].
func show_values(model: RlFormModel) -> void:
	for row: RlFieldRow in _rows:
		row.visible = model.applies(row.field.key)
		if row.visible:
			row.show_value(model)
	show_counts(model)


## Draws how much is behind the header, and what of it is changed; an error there opens it.
func show_counts(model: RlFormModel) -> void:
	var shown: int = 0
	var more: int = 0
	var changed: int = 0
	for row: RlFieldRow in _rows:
		var key: String = row.field.key
		if not model.applies(key):
			continue
		shown += 1
		if row.field.is_advanced:
			more += 1
			changed += 1 if model.is_changed(key) else 0
			if model.error(key) != "":
				_fold.button_pressed = true
	visible = shown > 0
	_fold.visible = more > 0
	_title.visible = more == 0
	_more.text = "%d changed" % changed if changed > 0 else "%d more" % more


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	RlLook.dim(_more)
	_more.offset_right = -RlLook.px(6)
	_fold.add_theme_font_override(&"font", get_theme_font(&"bold", &"EditorFonts"))
	_title.add_theme_font_override(&"font", get_theme_font(&"bold", &"EditorFonts"))
