@tool
extends Window
## The documentation in a window of the editor, without a network: the pages that the addon's folder
## carries, with links between them, and to the help of classes.

const RlLook := preload("look.gd")
const RlMarkdown := preload("../core/markdown.gd")

const THIS: Script = preload("manual.gd")
const FOLDER: String = "../manual"
const START: String = "editor.md"
const FIRST_SIZE: Vector2i = Vector2i(760, 640)

var _pages: OptionButton = OptionButton.new()
var _back: Button = Button.new()
var _text: RichTextLabel = RichTextLabel.new()
var _names: PackedStringArray = []
## Page and heading of what was read before, the last one at the end.
var _history: Array[PackedStringArray] = []
var _shown: PackedStringArray = ["", ""]


func _init() -> void:
	title = "RL Studio Help"
	name = "RlStudioManual"
	visible = false
	var background: Panel = Panel.new()
	background.set_anchors_and_offsets_preset(Control.PRESET_FULL_RECT)
	add_child(background)
	var margins: MarginContainer = MarginContainer.new()
	margins.set_anchors_and_offsets_preset(Control.PRESET_FULL_RECT)
	for side: String in ["left", "top", "right", "bottom"]:
		margins.add_theme_constant_override("margin_" + side, RlLook.px(10))
	var box: VBoxContainer = VBoxContainer.new()
	var bar: HBoxContainer = HBoxContainer.new()
	_back.text = "Back"
	_pages.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_text.size_flags_vertical = Control.SIZE_EXPAND_FILL
	_text.selection_enabled = true
	_text.focus_mode = Control.FOCUS_ALL
	for part: Control in [_back, _pages]:
		bar.add_child(part)
	for part: Control in [bar, _text]:
		box.add_child(part)
	margins.add_child(box)
	add_child(margins)
	close_requested.connect(hide)
	window_input.connect(_on_window_input)
	_back.pressed.connect(_on_back_pressed)
	_pages.item_selected.connect(func(index: int) -> void: _go(_names[index], ""))
	_text.meta_clicked.connect(_on_meta_clicked)


## Opens [param page], a file of the documentation, at the heading [param section].
static func open(page: String, section: String = "") -> void:
	var base: Control = EditorInterface.get_base_control()
	var window: Window = base.get_node_or_null(^"RlStudioManual") as Window
	if window == null:
		window = new()
		base.add_child(window)
	window.call(&"show_page", page, section)


## Closes and frees the window, if there is one.
static func close() -> void:
	var window: Node = EditorInterface.get_base_control().get_node_or_null(^"RlStudioManual")
	if window != null:
		window.queue_free()


## The folder of the pages; "" if this copy of the addon carries none.
static func folder() -> String:
	var path: String = THIS.resource_path.get_base_dir().path_join(FOLDER).simplify_path()
	return path if DirAccess.dir_exists_absolute(path) else ""


## Shows [param page] at the heading [param section], and the window.
func show_page(page: String, section: String) -> void:
	_find_pages()
	_go(page, section)
	if not visible:
		var room: Vector2i = get_parent().get_viewport().get_visible_rect().size
		var wanted: Vector2i = Vector2i(Vector2(FIRST_SIZE) * EditorInterface.get_editor_scale())
		popup_centered(wanted.min(Vector2i(Vector2(room) * 0.9)))
	_text.grab_focus()


## What is on the page, without its formats.
func get_page_text() -> String:
	return _text.get_parsed_text()


func _find_pages() -> void:
	_names = DirAccess.get_files_at(folder()) if folder() != "" else PackedStringArray()
	_names = PackedStringArray(Array(_names).filter(func(n: String) -> bool: return ".md" in n))
	_pages.clear()
	for page: String in _names:
		_pages.add_item(_title_of(page))


func _title_of(page: String) -> String:
	var first: String = FileAccess.get_file_as_string(folder().path_join(page)).get_slice("\n", 0)
	return first.lstrip("# ") if first.begins_with("#") else page.get_basename().capitalize()


func _go(page: String, section: String, is_back: bool = false) -> void:
	if not is_back and _shown[0] != "" and _shown != PackedStringArray([page, section]):
		_history.append(_shown)
	_shown = [page, section]
	_back.disabled = _history.is_empty()
	_pages.select(_names.find(page))
	_text.clear()
	var font_size: int = _text.get_theme_font_size(&"normal_font_size")
	var sizes: PackedInt32Array = [roundi(font_size * 1.5), roundi(font_size * 1.25), font_size]
	var paragraph: int = 0
	for block: RlMarkdown.RlBlock in RlMarkdown.blocks(_read(page), sizes):
		if block.anchor == section and section != "":
			paragraph = _text.get_paragraph_count() - 1
		_text.append_text(block.bbcode + "\n\n")
	_scroll.call_deferred(paragraph)


func _read(page: String) -> String:
	if page in _names:
		return FileAccess.get_file_as_string(folder().path_join(page))
	return (
		"# No pages here\n\nThis copy of the addon carries no documentation. `rl-studio install-addon`"
		+ " puts one that does into the project. The classes have help of their own: press F1 and"
		+ " search for `RLAgent`."
	)


func _scroll(paragraph: int) -> void:
	if is_inside_tree():
		_text.scroll_to_paragraph(paragraph)


func _on_back_pressed() -> void:
	var before: PackedStringArray = _history.pop_back()
	_go(before[0], before[1], true)


## Links to other sites open there; links to what only the repository has do nothing.
func _on_meta_clicked(meta: Variant) -> void:
	var link: String = str(meta)
	if link.begins_with("http"):
		OS.shell_open(link)
		return
	var page: String = link.get_slice("#", 0)
	var section: String = link.get_slice("#", 1) if "#" in link else ""
	if page == "" or page in _names:
		_go(page if page != "" else _shown[0], section)


func _on_window_input(event: InputEvent) -> void:
	if event.is_action_pressed(&"ui_cancel"):
		hide()
