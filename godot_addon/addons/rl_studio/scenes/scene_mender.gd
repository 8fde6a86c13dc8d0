@tool
extends RefCounted
## Adds what a scene lacks for a training, so that it can be undone, and saves it.

const RlOpenPlace := preload("open_place.gd")


## Adds an RLSync to [param scene] below its root.
static func add_sync(scene: String) -> void:
	await _add(scene, preload("../runtime/rl_sync.gd"), "RLSync", false)


## Adds an RLAgent below the node that is selected, else below the root.
static func add_agent(scene: String) -> void:
	await _add(scene, preload("../runtime/rl_agent.gd"), "Agent", true)


static func _add(scene: String, script: Script, title: String, below_selected: bool) -> void:
	var root: Node = await RlOpenPlace.root_of(scene)
	if root == null:
		return
	var parent: Node = root
	var selected: Array[Node] = EditorInterface.get_selection().get_selected_nodes()
	if below_selected and selected.size() == 1 and root.is_ancestor_of(selected[0]):
		parent = selected[0] if selected[0].owner == root else root
	var node: Node = Node.new()
	node.name = title
	node.set_script(script)
	var changes: EditorUndoRedoManager = EditorInterface.get_editor_undo_redo()
	changes.create_action("Add %s" % title, UndoRedo.MERGE_DISABLE, root)
	changes.add_do_method(parent, &"add_child", node, true)
	changes.add_do_property(node, &"owner", root)
	changes.add_do_reference(node)
	changes.add_undo_method(parent, &"remove_child", node)
	changes.commit_action()
	EditorInterface.edit_node(node)
	EditorInterface.save_scene()
