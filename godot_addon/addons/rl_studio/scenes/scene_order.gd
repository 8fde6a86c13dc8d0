@tool
extends RefCounted
## Puts scenes in the order in which a policy is likely to be played in them: by whose agents it
## has learned to be, and by what the scenes are called. Reads files; no scene is instantiated.

const RlCast := preload("../checks/cast.gd")
const RlSceneText := preload("../checks/scene_text.gd")
const RlSceneTree := preload("../checks/scene_tree.gd")
const RlScripts := preload("../checks/scripts.gd")

const NAME: String = "policy_name"
## What names of scenes that are made for training or for play have beside the game's own.
const KINDS: PackedStringArray = ["training", "train", "play", "game", "demo"]
const TRAIN: String = "train"

var _texts: Dictionary[String, RlSceneText] = {}
var _scripts: RlScripts = RlScripts.new()


func _init() -> void:
	_scripts.refresh(false)


## Returns [param scenes], the best for [param policies] (their names) first: those that have agents
## of one of these names; among them the one that is called as the play scene of
## [param training_scene] would be, then that scene itself, then [param main_scene].
func sort(
	scenes: PackedStringArray,
	policies: PackedStringArray,
	training_scene: String,
	main_scene: String
) -> PackedStringArray:
	var ranks: Dictionary[String, int] = {}
	for scene: String in scenes:
		var rank: int = 8 if _has_any(names_in(scene), policies) else 0
		rank += 4 if _is_play_scene(scene, training_scene) else 0
		rank += 2 if scene == training_scene else 0
		ranks[scene] = rank + (1 if scene == main_scene else 0)
	var sorted: Array[String] = ranks.keys()
	sorted.sort_custom(
		func(a: String, b: String) -> bool:
			return a < b if ranks[a] == ranks[b] else ranks[a] > ranks[b]
	)
	return PackedStringArray(sorted)


## The policy names of the agents that [param scene] has or, as a property of a node tells, makes.
func names_in(scene: String) -> PackedStringArray:
	var names: PackedStringArray = []
	var waiting: PackedStringArray = [scene]
	var seen: PackedStringArray = []
	while not waiting.is_empty():
		var path: String = waiting[-1]
		waiting.remove_at(waiting.size() - 1)
		if path in seen:
			continue
		seen.append(path)
		var tree: RlSceneTree = RlSceneTree.new(path, _texts)
		waiting.append_array(tree.spare_scenes)
		for node: RlSceneTree.RlNode in tree.nodes.values():
			var name: String = _name_of(node)
			if name != "" and name not in names:
				names.append(name)
	return names


func _name_of(node: RlSceneTree.RlNode) -> String:
	if node.properties.has(NAME):
		return node.properties[NAME].trim_prefix("&").trim_prefix('"').trim_suffix('"').c_unescape()
	if node.script_path == "" or not _scripts.is_called(node.script_path, RlCast.AGENTS):
		return ""
	var script: Script = load(node.script_path) as Script
	var value: Variant = script.get_property_default_value(NAME) if script != null else null
	return str(value) if value != null else ""


static func _has_any(names: PackedStringArray, wanted: PackedStringArray) -> bool:
	for name: String in names:
		if name in wanted:
			return true
	return false


static func _is_play_scene(scene: String, training_scene: String) -> bool:
	if scene == training_scene or training_scene == "" or TRAIN in _stem(scene):
		return false
	return _game_of(scene) == _game_of(training_scene)


static func _game_of(scene: String) -> String:
	var words: PackedStringArray = []
	for word: String in _stem(scene).split("_", false):
		if word not in KINDS:
			words.append(word)
	return "_".join(words)


static func _stem(scene: String) -> String:
	return scene.get_file().get_basename().to_snake_case().replace("-", "_").replace(" ", "_")
