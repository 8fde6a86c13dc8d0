extends "editor_driver.gd"
## New agent scripts: from the dock, for an agent and for a node that has none; in Godot's own
## dialog.

const Templates := preload("res://addons/rl_studio/agents/agent_templates.gd")

var _warnings: String = ""


func _drive() -> void:
	EditorInterface.open_scene_from_path("res://yard.tscn")
	await until(_has_scene, 20, "the scene is open")
	await open_dock(train)
	await _add_an_agent()
	await _write_a_script_for_an_agent()
	await _mend_a_script_elsewhere()
	await _ask_godot()
	_copy()


func _add_an_agent() -> void:
	_select("Fox")
	await click(find(train, "NewAgent"))
	var dialog: ConfirmationDialog = _dialog()
	expect(dialog.visible, "the dialog is open")
	expect(_file(dialog).text == "res://fox_agent.gd", "the name is made from the node's")
	_file(dialog).text = "res://nowhere/fox.gd"
	_file(dialog).text_changed.emit(_file(dialog).text)
	expect(dialog.get_ok_button().disabled, "no such folder")
	_file(dialog).text = "res://fox_agent.gd"
	_file(dialog).text_changed.emit(_file(dialog).text)
	dialog.get_ok_button().pressed.emit()
	await pause(0.5)
	expect(not dialog.visible, "the dialog is closed")
	var editor: ScriptEditor = EditorInterface.get_script_editor()
	expect(editor.is_visible_in_tree(), "the script editor is in front")
	expect(editor.get_current_script().resource_path == "res://fox_agent.gd", "with the script")
	var agent: Node = _scene().get_node_or_null("Fox/Agent")
	if expect(agent is RLAgent, "the agent is there"):
		expect(agent.owner == _scene(), "it belongs to the scene")
		var script: Script = agent.get_script()
		expect(script.resource_path == "res://fox_agent.gd", "it has the script")
	var text: String = FileAccess.get_file_as_string("res://fox_agent.gd")
	expect("extends RLAgent" in text and not "# meta-" in text, "the script is a game's own")
	_undo()
	expect(_scene().get_node_or_null("Fox/Agent") == null, "undone")
	_redo()
	expect(_scene().get_node_or_null("Fox/Agent") != null, "and done again")


func _write_a_script_for_an_agent() -> void:
	_select("Hen/Agent")
	await click(find(train, "NewAgent"))
	var dialog: ConfirmationDialog = _dialog()
	var choice: OptionButton = dialog.find_child("Template", true, false)
	expect(choice.item_count == Templates.find_all().size(), "all templates are offered")
	choice.select(1)
	choice.item_selected.emit(1)
	expect(_file(dialog).text == "res://hen_agent.gd", "named after the body")
	dialog.get_ok_button().pressed.emit()
	await pause(0.5)
	var agent: Node = _scene().get_node("Hen/Agent")
	var script: Script = agent.get_script()
	expect(script.resource_path == "res://hen_agent.gd", "the agent has the script")
	expect(str(agent.get(&"policy_name")) == "hens", "and what it was set to")
	_undo()
	script = agent.get_script()
	expect(script.resource_path.ends_with("rl_agent.gd"), "undone")
	expect(str(agent.get(&"policy_name")) == "hens", "with its settings")
	_redo()


## The triangle says what is so, whoever has written the script.
func _mend_a_script_elsewhere() -> void:
	var path: String = "res://elsewhere.gd"
	FileAccess.open(path, FileAccess.WRITE).store_string("extends RLAgent\n")
	var agent: Node = Node.new()
	agent.set_script(load(path))
	var sync: Node = Node.new()
	sync.set_script(load("res://addons/rl_studio/runtime/rl_sync.gd") as Script)
	for node: Node in [agent, sync]:
		_scene().add_child(node)
		node.owner = _scene()
	node_configuration_warning_changed.connect(
		func(node: Node) -> void:
			if node == sync:
				_warnings = str(sync.call(&"_get_configuration_warnings"))
	)
	sync.update_configuration_warnings()
	await until(
		func() -> bool: return "override _get_observation" in _warnings, 5, "it lacks methods"
	)
	FileAccess.open(path, FileAccess.WRITE).store_string(
		FileAccess.get_file_as_string("res://hen_agent.gd")
	)
	EditorInterface.get_resource_filesystem().scan()
	await until(
		func() -> bool: return not "override _get_observation" in _warnings, 10, "not any more"
	)


func _ask_godot() -> void:
	var dialog: ScriptCreateDialog = ScriptCreateDialog.new()
	EditorInterface.get_base_control().add_child(dialog)
	dialog.config("RLAgent", "res://another.gd")
	dialog.popup_centered()
	await pause(0.3)
	var offered: PackedStringArray = []
	for list: OptionButton in dialog.find_children("*", "OptionButton", true, false):
		for index: int in list.item_count:
			offered.append(list.get_item_text(index))
	for template: Templates.RlTemplate in Templates.find_all():
		expect("RLAgent: " + template.title in offered, "Godot offers " + template.title)
	dialog.queue_free()
	ProjectSettings.save()
	var settings: String = FileAccess.get_file_as_string("res://project.godot")
	expect(not "templates" in settings, "the project is as it was")


## A project with templates of its own: Godot looks at those only.
func _copy() -> void:
	expect(not Templates.are_to_copy(), "Godot offers ours")
	Templates.withdraw()
	DirAccess.make_dir_absolute("res://script_templates")
	expect(Templates.are_to_copy(), "ours would have to be copied")
	Templates.offer()
	expect(Templates.has_own_templates(), "those of the project stay")
	expect(Templates.copy() == "" and not Templates.are_to_copy(), "copied")
	var files: PackedStringArray = DirAccess.get_files_at("res://script_templates/RLAgent")
	expect(files.size() == Templates.find_all().size(), "all of them")


func _has_scene() -> bool:
	return _scene() != null and _scene().name == &"Yard"


func _scene() -> Node:
	return EditorInterface.get_edited_scene_root()


func _select(path: String) -> void:
	EditorInterface.get_selection().clear()
	EditorInterface.get_selection().add_node(_scene().get_node(path))


func _dialog() -> ConfirmationDialog:
	return EditorInterface.get_base_control().find_child("RLAgentDialog", true, false)


func _file(dialog: ConfirmationDialog) -> LineEdit:
	return dialog.find_child("File", true, false)


func _history() -> UndoRedo:
	var changes: EditorUndoRedoManager = EditorInterface.get_editor_undo_redo()
	return changes.get_history_undo_redo(changes.get_object_history_id(_scene()))


func _undo() -> void:
	_history().undo()


func _redo() -> void:
	_history().redo()
