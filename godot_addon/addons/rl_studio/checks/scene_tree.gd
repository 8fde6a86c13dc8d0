@tool
extends RefCounted
## The nodes that a scene has when it is started, from its files: with the scenes that it inherits
## and instances. Nothing is loaded or instantiated.

const RlSceneText := preload("scene_text.gd")


## A node of a scene.
class RlNode:
	extends RefCounted
	## Its path in the scene that is started; "." is the root.
	var path: String = ""
	## The path of its script, or that of the scene, "::" and an id; "" if it has none.
	var script_path: String = ""
	var groups: String = ""
	## The file and line that it was read from.
	var file: String = ""
	var line: int = 0
	## Raw text of properties.
	var properties: Dictionary[String, String] = {}


## By their paths, in the order of the scene.
var nodes: Dictionary[String, RlNode] = {}
## The scene, and all that it inherits and instances.
var scenes: PackedStringArray = []
## All other files that these need, and the place of the first that does: [file, line].
var needed: Dictionary[String, Array] = {}
## Scenes that are not part of it, but that its nodes have as values: they may be instantiated.
var spare_scenes: PackedStringArray = []

## By path, what was read of scenes; shared by all trees of one look.
var _texts: Dictionary[String, RlSceneText]


## Reads the scene at [param path].
func _init(path: String, texts: Dictionary[String, RlSceneText]) -> void:
	_texts = texts
	_expand(path, ".", [])


## Reads a file in Godot's text format, once.
static func text_of(path: String, texts: Dictionary[String, RlSceneText]) -> RlSceneText:
	if not texts.has(path):
		texts[path] = RlSceneText.new(path)
	return texts[path]


func _expand(path: String, at: String, within: PackedStringArray) -> void:
	if path in within or not FileAccess.file_exists(path):
		return  # instances itself, which Godot refuses, or is missing, which is told of `needed`
	if path not in scenes:
		scenes.append(path)
	if path.get_extension() == "tscn":
		_expand_text(path, at, within + PackedStringArray([path]))
	elif path.get_extension() == "scn":
		_expand_binary(path, at)


func _expand_text(path: String, at: String, within: PackedStringArray) -> void:
	var text: RlSceneText = text_of(path, _texts)
	var instanced: PackedStringArray = []
	for entry: RlSceneText.RlEntry in text.nodes:
		var own: String = entry.path()
		var here: String = _join(at, own)
		if entry.instance != "":
			instanced.append(entry.instance)
			if text.references.has(entry.instance):
				_expand(text.references[entry.instance].path, here, within)
		var node: RlNode = nodes.get(here)
		if node == null:
			node = RlNode.new()
			node.path = here
			nodes[here] = node
		if node.file == "" or entry.type != "" or entry.instance != "":
			node.file = path
			node.line = entry.line
		node.groups += entry.groups
		node.properties.merge(entry.properties, true)
		if entry.properties.has("script"):
			node.script_path = _script(path, text, entry.properties["script"])
	for id: String in text.references:
		var one: RlSceneText.RlReference = text.references[id]
		if not needed.has(one.path):
			needed[one.path] = [path, one.line]
		if one.type == "PackedScene" and id not in instanced:
			spare_scenes.append(one.path)


func _script(path: String, text: RlSceneText, value: String) -> String:
	var id: String = RlSceneText.id_in(value, "ExtResource")
	if text.references.has(id):
		return text.references[id].path
	id = RlSceneText.id_in(value, "SubResource")
	return "%s::%s" % [path, id] if id != "" else ""


## Godot alone reads the binary format; it loads what the scene needs.
func _expand_binary(path: String, at: String) -> void:
	for entry: String in ResourceLoader.get_dependencies(path):
		var uid: String = entry.get_slice("::", 0)
		var file: String = entry.get_slice("::", 2) if "::" in entry else entry
		needed.get_or_add(RlSceneText.resolve(uid, file), [path, 0])
	var scene: PackedScene = ResourceLoader.load(path, "PackedScene") as PackedScene
	if scene != null:
		_expand_state(scene.get_state(), path, at)


func _expand_state(state: SceneState, path: String, at: String) -> void:
	if state.get_base_scene_state() != null:
		_expand_state(state.get_base_scene_state(), path, at)
	for index: int in state.get_node_count():
		var here: String = _join(at, str(state.get_node_path(index)).trim_prefix("./"))
		var instance: PackedScene = state.get_node_instance(index)
		if instance != null and index > 0:
			_expand(instance.resource_path, here, [path])
		var node: RlNode = nodes.get_or_add(here, RlNode.new())
		node.path = here
		node.file = path
		if "AGENT" in state.get_node_groups(index):
			node.groups += '"AGENT"'
		for property: int in state.get_node_property_count(index):
			var value: Variant = state.get_node_property_value(index, property)
			if value is Script:
				var script: Script = value
				node.script_path = script.resource_path
			else:
				var key: String = state.get_node_property_name(index, property)
				node.properties[key] = str(value)


static func _join(at: String, own: String) -> String:
	if own == ".":
		return at
	return own if at == "." else at.path_join(own)
