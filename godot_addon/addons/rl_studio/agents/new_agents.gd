@tool
extends Node
## Helps to write agents: templates in Godot's dialog for new scripts, a dialog of our own, and its
## door in the menu of the scene tree.

const RlAgentDialog := preload("agent_dialog.gd")
const RlAgentMenu := preload("agent_menu.gd")
const RlAgentTemplates := preload("agent_templates.gd")

var _dialog: RlAgentDialog
var _menu: RlAgentMenu = RlAgentMenu.new()
var _plugin: EditorPlugin


## Must be called before it enters the tree.
func setup(plugin: EditorPlugin) -> void:
	_plugin = plugin


func _enter_tree() -> void:
	name = "RLNewAgents"
	RlAgentTemplates.offer()
	_menu.script_requested.connect(ask)
	_plugin.add_context_menu_plugin(EditorContextMenuPlugin.CONTEXT_SLOT_SCENE_TREE, _menu)


func _exit_tree() -> void:
	_plugin.remove_context_menu_plugin(_menu)
	_menu.script_requested.disconnect(ask)
	RlAgentTemplates.withdraw()
	if is_instance_valid(_dialog):
		_dialog.queue_free()


## Asks for a script for the selected node, or for an agent below it; without a selection for the
## root of the open scene.
func ask_for_selected() -> void:
	var selected: Array[Node] = EditorInterface.get_selection().get_selected_nodes()
	var root: Node = EditorInterface.get_edited_scene_root()
	if root != null:
		ask(selected[0] if selected.size() == 1 else root)


## Asks for a script for [param node], or for an agent below it.
func ask(node: Node) -> void:
	if not is_instance_valid(_dialog):
		_dialog = RlAgentDialog.new()
		EditorInterface.get_base_control().add_child(_dialog)
	_dialog.ask(node)
