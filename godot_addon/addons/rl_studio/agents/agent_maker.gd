@tool
extends RefCounted
## Gives a node an agent with a script of its own, so that it can be undone.

const AGENT: Script = preload("../runtime/rl_agent.gd")
## The setting with which scripts are not opened in Godot's own editor.
const EXTERNAL: String = "text_editor/external/use_external_editor"


## Where the script of a new agent for [param node] would go: beside its scene, with a free name.
static func suggest_path(node: Node) -> String:
	var body: Node = node.get_parent() if node is RLAgent and node.get_parent() != null else node
	var scene: String = EditorInterface.get_edited_scene_root().scene_file_path
	var folder: String = scene.get_base_dir() if scene != "" else "res://"
	var stem: String = body.name.to_snake_case().validate_filename()
	var path: String = folder.path_join("%s_agent.gd" % stem)
	var number: int = 2
	while FileAccess.file_exists(path):
		path = folder.path_join("%s_agent_%d.gd" % [stem, number])
		number += 1
	return path


## Returns why no script can be written to [param path], or "".
static func find_problem(path: String) -> String:
	if not path.begins_with("res://") or path.get_extension() != "gd":
		return "A script of the project has a name such as res://folder/agent.gd."
	if not path.get_file().is_valid_filename() or path.get_file() == ".gd":
		return "A file could not have this name."
	if FileAccess.file_exists(path):
		return "There is a file of this name."
	if not DirAccess.dir_exists_absolute(path.get_base_dir()):
		return "There is no folder %s." % path.get_base_dir()
	return ""


## Writes [param text] to [param path] and gives it to [param node], or to a new agent below it if
## it is none. Returns why that failed, or "".
static func make(node: Node, path: String, text: String) -> String:
	var file: FileAccess = FileAccess.open(path, FileAccess.WRITE)
	if file == null:
		return "%s cannot be written: %s." % [path, error_string(FileAccess.get_open_error())]
	file.store_string(text)
	file.close()
	EditorInterface.get_resource_filesystem().update_file(path)
	var script: Script = load(path)
	if script == null:
		return "%s cannot be loaded: see the Output panel." % path
	var agent: Node = node
	if node is RLAgent:
		_attach(node, script)
	else:
		agent = _add(node, script)
	EditorInterface.edit_node(agent)
	EditorInterface.edit_script(script)
	if not EditorInterface.get_editor_settings().get_setting(EXTERNAL):
		EditorInterface.set_main_screen_editor("Script")
	return ""


static func _attach(agent: Node, script: Script) -> void:
	var changes: EditorUndoRedoManager = EditorInterface.get_editor_undo_redo()
	changes.create_action("New Agent Script", UndoRedo.MERGE_DISABLE, agent)
	changes.add_do_method(agent, &"set_script", script)
	changes.add_undo_method(agent, &"set_script", agent.get_script())
	# Values of a script are lost with it.
	for property: Dictionary in AGENT.get_script_property_list():
		var usage: int = property["usage"]
		if usage & PROPERTY_USAGE_STORAGE:
			var key: StringName = property["name"]
			changes.add_do_property(agent, key, agent.get(key))
			changes.add_undo_property(agent, key, agent.get(key))
	changes.commit_action()


static func _add(parent: Node, script: Script) -> Node:
	var root: Node = EditorInterface.get_edited_scene_root()
	var agent: Node = Node.new()
	agent.name = "Agent"
	agent.set_script(script)
	var changes: EditorUndoRedoManager = EditorInterface.get_editor_undo_redo()
	changes.create_action("Add Agent", UndoRedo.MERGE_DISABLE, root)
	changes.add_do_method(parent, &"add_child", agent, true)
	changes.add_do_property(agent, &"owner", root)
	changes.add_do_reference(agent)
	changes.add_undo_method(parent, &"remove_child", agent)
	changes.commit_action()
	return agent
