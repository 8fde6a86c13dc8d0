extends "editor_driver.gd"
## The Help buttons, and the links of tutorials in the help of classes, open pages of the manual,
## which the addon's folder carries.


func _drive() -> void:
	for dock: Control in [metrics, export, train]:
		await open_dock(dock)
		var help: Button = find(dock, "Help") as Button
		expect(help.is_visible_in_tree(), "%s has a Help button" % dock.name)
		await click(help)
		await until(_is_open, 5, "the manual is open")
		expect(dock.name.to_lower() in _page(), "it tells of %s" % dock.name)
		_window().hide()
	var editor: ScriptEditor = EditorInterface.get_script_editor()
	editor.goto_help("class_name:RLAgent")
	await until(
		func() -> bool: return not _help_pages().is_empty(), 20, "the help of RLAgent is open"
	)
	for label: RichTextLabel in _help_pages():
		label.meta_clicked.emit("res://addons/rl_studio/manual/agents.md")
	await until(_is_open, 5, "the tutorial is open")
	expect("observation" in _page(), "it is the page on agents")


## The texts of the pages of class help that are open in the script editor.
func _help_pages() -> Array[Node]:
	var labels: Array[Node] = EditorInterface.get_script_editor().find_children(
		"*", "RichTextLabel", true, false
	)
	return labels.filter(
		func(label: Node) -> bool: return label.get_parent().is_class("EditorHelp")
	)


func _window() -> Window:
	return EditorInterface.get_base_control().get_node_or_null(^"RlStudioManual") as Window


func _is_open() -> bool:
	return _window() != null and _window().visible


func _page() -> String:
	var text: String = _window().call(&"get_page_text")
	return text.to_lower()
