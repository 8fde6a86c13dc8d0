@tool
extends RefCounted
## Opens a line of a script, or a scene with a node selected, in the editor.

static var _pattern: RegEx = RegEx.create_from_string("(res://[^\\s'\"\\]]+?\\.(?:gd|tscn)):(\\d+)")


## Opens [param file], a res:// path, at [param line] (from 1; 0 if it is not known).
static func open(file: String, line: int, node: String = "") -> void:
	if file.get_extension() in ["tscn", "scn"]:
		await _open_scene(file, node)
		return
	var script: Script = load(file) as Script if ResourceLoader.exists(file) else null
	if script == null:
		EditorInterface.select_file(file)
		return
	EditorInterface.edit_script(script, maxi(line, 1))
	EditorInterface.set_main_screen_editor("Script")


## The first line of a script or scene that [param text] names, as {"file", "line"}; empty if it
## names none.
static func find(text: String) -> Dictionary:
	for found: RegExMatch in _pattern.search_all(text):
		if FileAccess.file_exists(found.get_string(1)):
			return {"file": found.get_string(1), "line": found.get_string(2).to_int()}
	return {}


## Opens [param scene] unless it is; returns its root, null if it does not open.
static func root_of(scene: String) -> Node:
	var root: Node = EditorInterface.get_edited_scene_root()
	if root == null or root.scene_file_path != scene:
		EditorInterface.open_scene_from_path(scene)
		var tree: SceneTree = EditorInterface.get_base_control().get_tree()
		for _frame: int in 3:  # the editor shows it a moment later
			await tree.process_frame
		root = EditorInterface.get_edited_scene_root()
	return root if root != null and root.scene_file_path == scene else null


static func _open_scene(scene: String, path: String) -> void:
	var root: Node = await root_of(scene)
	var node: Node = root.get_node_or_null(path) if root != null and path != "" else null
	if node != null:
		EditorInterface.edit_node(node)
