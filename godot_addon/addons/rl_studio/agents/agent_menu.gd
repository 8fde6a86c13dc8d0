@tool
extends EditorContextMenuPlugin
## "New Agent Script…" in the context menu of the scene tree.

## The user wants a new script for a node, or an agent below it.
signal script_requested(node: Node)


func _popup_menu(paths: PackedStringArray) -> void:
	var root: Node = EditorInterface.get_edited_scene_root()
	if root == null or paths.size() != 1:
		return
	var node: Node = root.get_node_or_null(NodePath(paths[0]))
	if node == null or node is RLSync:
		return
	var icon: Texture2D = EditorInterface.get_editor_theme().get_icon(
		&"ScriptCreate", &"EditorIcons"
	)
	var text: String = "New Agent Script…" if node is RLAgent else "Add RL Agent…"
	add_context_menu_item(text, _on_chosen, icon)


func _on_chosen(nodes: Array) -> void:
	if nodes.size() == 1 and nodes[0] is Node:
		var node: Node = nodes[0]
		script_requested.emit(node)
