@tool
extends ConfirmationDialog
## Asks for the template and the file of a new agent's script.

const RlAgentMaker := preload("agent_maker.gd")
const RlAgentTemplates := preload("agent_templates.gd")
const RlLook := preload("../ui/look.gd")

var _node: Node
var _templates: Array[RlAgentTemplates.RlTemplate] = []
var _intro: Label = _make_label()
var _choice: OptionButton = OptionButton.new()
var _description: Label = _make_label()
var _path: LineEdit = LineEdit.new()
var _note: Label = _make_label()
## The project has templates of its own, which keep Godot from offering ours.
var _copy: Button = Button.new()


func _init() -> void:
	name = "RLAgentDialog"
	title = "New Agent Script"
	ok_button_text = "Create"
	dialog_hide_on_ok = false
	var box: VBoxContainer = VBoxContainer.new()
	for part: Control in [_intro, _choice, _description, _path, _note, _copy]:
		box.add_child(part)
	add_child(box)
	_choice.name = "Template"
	_path.name = "File"
	_copy.name = "Copy"
	_copy.text = "Copy the templates to those of this project"
	_copy.tooltip_text = "Godot's own Extend Script then offers them, too"
	_copy.size_flags_horizontal = Control.SIZE_SHRINK_BEGIN
	_copy.pressed.connect(_on_copy_pressed)
	_choice.item_selected.connect(_on_item_selected)
	_path.text_changed.connect(func(_text: String) -> void: _check())
	register_text_enter(_path)
	confirmed.connect(_on_confirmed)


## Opens the dialog for [param node]: an agent, or a node that gets one.
func ask(node: Node) -> void:
	_node = node
	_intro.text = (
		"A script for %s." % node.name
		if node is RLAgent
		else "An RLAgent with a script is added below %s." % node.name
	)
	_templates = RlAgentTemplates.find_all()
	_choice.clear()
	for template: RlAgentTemplates.RlTemplate in _templates:
		_choice.add_item(template.title)
	_choice.select(0)
	_on_item_selected(0)
	_path.text = RlAgentMaker.suggest_path(node)
	_check()
	_copy.visible = RlAgentTemplates.are_to_copy()
	popup_centered(Vector2i(RlLook.px(420), 0))
	_path.grab_focus()


func _make_label() -> Label:
	var label: Label = Label.new()
	label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	label.custom_minimum_size.x = RlLook.px(380)
	return label


func _check() -> void:
	_note.text = RlAgentMaker.find_problem(_path.text.strip_edges())
	_note.visible = _note.text != ""
	get_ok_button().disabled = _note.visible


func _on_item_selected(index: int) -> void:
	_description.text = _templates[index].description


func _on_copy_pressed() -> void:
	var problem: String = RlAgentTemplates.copy()
	_copy.visible = problem != ""
	_copy.tooltip_text = problem


func _on_confirmed() -> void:
	if not is_instance_valid(_node) or not _node.is_inside_tree():
		hide()
		return
	var template: RlAgentTemplates.RlTemplate = _templates[_choice.selected]
	_note.text = RlAgentMaker.make(_node, _path.text.strip_edges(), template.make_script())
	_note.visible = _note.text != ""
	if _note.text == "":
		hide()
