@tool
extends VBoxContainer
## The end of a run's output: monospace, follows new lines unless the user scrolled up.

const RlFoldButton := preload("fold_button.gd")
const RlLook := preload("look.gd")
const RlRunState := preload("../core/run_state.gd")

const SHOWN_LIMIT: int = 60_000

var _run: RlRunState
## Offset in the log up to which the text is on the screen.
var _shown_end: int = 0
var _shown_length: int = 0

@onready var _fold: RlFoldButton = %Fold
@onready var _copy: Button = %Copy
@onready var _text: RichTextLabel = %Text


func _ready() -> void:
	_fold.set_target(_text)
	_fold.toggled.connect(_on_fold_toggled)
	_copy.pressed.connect(_on_copy_pressed)
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Shows the log of [param run]; null empties the view.
func show_run(run: RlRunState) -> void:
	if run != _run:
		_run = run
		_shown_end = 0
		_shown_length = 0
		_text.clear()
	visible = run != null
	if run == null or not _text.visible or run.log_end == _shown_end:
		return
	var fresh: String = run.log_text
	if _shown_end > 0 and run.log_text.length() >= _shown_length:
		fresh = run.log_text.substr(_shown_length)
	else:
		_text.clear()
	if _text.get_total_character_count() > SHOWN_LIMIT:
		_text.clear()
		fresh = run.log_text.right(SHOWN_LIMIT >> 1)
	_text.add_text(fresh)
	_shown_end = run.log_end
	_shown_length = run.log_text.length()


## Unfolds the log.
func open() -> void:
	_fold.button_pressed = true
	_fold.grab_focus()  # the dock scrolls to what has the focus


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	_copy.icon = RlLook.icon(self, &"ActionCopy")
	_text.custom_minimum_size.y = RlLook.px(180)
	var box: StyleBox = get_theme_stylebox(&"normal", &"TextEdit")
	_text.add_theme_stylebox_override(&"normal", box)
	_text.add_theme_font_override(&"normal_font", get_theme_font(&"source", &"EditorFonts"))
	_text.add_theme_font_size_override(
		&"normal_font_size", roundi(get_theme_font_size(&"source_size", &"EditorFonts") * 0.85)
	)


func _on_fold_toggled(_on: bool) -> void:
	show_run(_run)


func _on_copy_pressed() -> void:
	if _run != null:
		DisplayServer.clipboard_set(_run.log_text)
