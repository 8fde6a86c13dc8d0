@tool
extends RefCounted
## The files that a scene needs when it is started: its nodes, those of autoloads, the scripts of
## both with all that these need, and what they may load later.

const RlFinding := preload("finding.gd")
const RlSceneText := preload("scene_text.gd")
const RlSceneTree := preload("scene_tree.gd")
const RlScriptFacts := preload("script_facts.gd")
const RlScripts := preload("scripts.gd")

## What Godot imports: without that it cannot be loaded.
const IMPORTED: PackedStringArray = [
	"png",
	"jpg",
	"jpeg",
	"webp",
	"svg",
	"bmp",
	"tga",
	"hdr",
	"exr",
	"wav",
	"ogg",
	"mp3",
	"ttf",
	"otf",
	"glb",
	"gltf",
	"blend",
	"fbx",
	"dae",
	"obj",
	"csv",
]

var scene: String
## Nodes that are there from the start: those of the scene, then those of autoloads.
var nodes: Array[RlSceneTree.RlNode] = []
## Nodes of scenes that code may bring in.
var spare_nodes: Array[RlSceneTree.RlNode] = []
## By script, paths of nodes or scripts that have or need it.
var _users: Dictionary[String, PackedStringArray] = {}
## Scripts without which something of the scene does not work.
var _sure: Dictionary[String, bool] = {}
## Scripts that code may load.
var _likely: Dictionary[String, bool] = {}
var _needed: Dictionary[String, Array] = {}
var _texts: Dictionary[String, RlSceneText] = {}
var _scripts: RlScripts
var _seen_scenes: Dictionary[String, bool] = {}
## What code may load that has been looked at.
var _spared: Dictionary[String, bool] = {}


func _init(started: String, scripts: RlScripts) -> void:
	scene = started
	_scripts = scripts
	var spare: Dictionary[String, bool] = {}
	nodes.append_array(_read_scene(started, _sure, spare))
	for setting: Dictionary in ProjectSettings.get_property_list():
		var key: String = setting["name"]
		if key.begins_with("autoload/"):
			_read_autoload(key.trim_prefix("autoload/"), spare)
	_follow(_sure, spare)
	while not spare.is_empty():
		var path: String = spare.keys()[0]
		spare.erase(path)
		if path.get_extension() in ["tscn", "scn"]:
			spare_nodes.append_array(_read_scene(path, _likely, spare))
		elif path.get_extension() in ["gd", "cs"] and not _sure.has(path):
			_likely[path] = true
		_follow(_likely, spare)


## All GDScripts that count.
func get_all_scripts() -> PackedStringArray:
	var paths: PackedStringArray = []
	for path: String in _sure.keys() + _likely.keys():
		if path not in paths and _scripts.facts(path) != null:
			paths.append(path)
	return paths


## Whether something of the scene does not work without the script at [param path].
func is_sure(path: String) -> bool:
	return _sure.has(path)


## The first node that has the script at [param path]; "" if none has.
func first_user(path: String) -> String:
	for user: String in _users.get(path, PackedStringArray()):
		if not user.contains("://"):
			return user
	return ""


## "It is the script of A/Agent and 1 more node."
func describe_users(path: String) -> String:
	var users: PackedStringArray = _users.get(path, PackedStringArray())
	var owners: PackedStringArray = []
	for user: String in users:
		if not user.contains("://"):
			owners.append(user)
	if not owners.is_empty():
		var more: int = owners.size() - 1
		var rest: String = (
			"" if more == 0 else " and %d more node%s" % [more, "s" if more > 1 else ""]
		)
		return "It is the script of %s%s." % [owners[0], rest]
	return "%s needs it." % users[0] if not users.is_empty() else ""


## Files that the scene needs and that are not there, or that Godot could not import.
func get_missing(is_imported: bool) -> Array[RlFinding]:
	var findings: Array[RlFinding] = []
	for path: String in _needed:
		var problem: String = _file_problem(path, is_imported)
		if problem == "":
			continue
		var place: Array = _needed[path]
		var from: String = place[0]
		var line: int = place[1]
		var finding: RlFinding = RlFinding.new(
			"missing_file",
			problem % path,
			"%s cannot be loaded without it.%s" % [from, _how_to_get(path)],
			RlFinding.RlFix.OPEN_SCENE
		)
		finding.at(from, line)
		findings.append(finding)
	return findings


static func _how_to_get(path: String) -> String:
	if path.get_extension().to_lower() != "blend" or not FileAccess.file_exists(path):
		return ""
	return (
		" Godot takes Blender for such files: set its path in Editor Settings > FileSystem > Import,"
		+ " then open the project once; or save the file as .glb in Blender and use that."
	)


## Scripts in C#, where this Godot cannot run them.
func get_foreign_scripts() -> Array[RlFinding]:
	if ClassDB.class_exists(&"CSharpScript"):
		return []
	var found: PackedStringArray = []
	for path: String in _sure:
		if path.get_extension() == "cs":
			found.append(path)
	if found.is_empty():
		return []
	var more: String = " (and %d more)" % (found.size() - 1) if found.size() > 1 else ""
	var finding: RlFinding = RlFinding.new(
		"needs_dotnet",
		"%s%s is C#, and this Godot cannot run it." % [found[0], more],
		"Use the .NET build of Godot for this project."
	)
	finding.node = first_user(found[0])
	finding.at(found[0])
	return [finding]


## What of the facts of scripts [param is_so] holds for.
func any_script(is_so: Callable) -> bool:
	for path: String in get_all_scripts():
		if path.begins_with(RlScripts.OURS) or path.begins_with("res://addons/godot_rl_agents/"):
			continue
		if is_so.call(path, _scripts.facts(path)):
			return true
	return false


## Whether there is code that cannot be read.
func has_foreign_scripts() -> bool:
	return (_sure.keys() + _likely.keys()).any(
		func(path: String) -> bool: return path.get_extension() == "cs"
	)


func _read_autoload(name: String, spare: Dictionary[String, bool]) -> void:
	var value: String = ProjectSettings.get_setting("autoload/" + name, "")
	var path: String = value.trim_prefix("*")
	path = RlSceneText.resolve(path, path)
	if path.get_extension() in ["tscn", "scn"]:
		nodes.append_array(_read_scene(path, _sure, spare))
	elif path != "" and not path.begins_with(RlScripts.OURS):
		_use(path, "/root/" + name, _sure)
		var node: RlSceneTree.RlNode = RlSceneTree.RlNode.new()
		node.path = "/root/" + name
		node.script_path = path
		node.file = path
		nodes.append(node)


func _read_scene(
	path: String, scripts: Dictionary[String, bool], spare: Dictionary[String, bool]
) -> Array[RlSceneTree.RlNode]:
	var found: Array[RlSceneTree.RlNode] = []
	if _seen_scenes.has(path):
		return found
	_seen_scenes[path] = true
	var tree: RlSceneTree = RlSceneTree.new(path, _texts)
	for node: RlSceneTree.RlNode in tree.nodes.values():
		found.append(node)
		if node.script_path != "":
			_use(node.script_path, node.path, scripts)
	for file: String in tree.needed:
		_need(file, tree.needed[file], scripts)
	for inner: String in tree.spare_scenes:
		spare[inner] = true
	return found


## A file of a scene, and with it what a resource needs in turn.
func _need(file: String, place: Array, scripts: Dictionary[String, bool]) -> void:
	if _needed.has(file):
		return
	if is_same(scripts, _sure):
		_needed[file] = place
	if file.get_extension() in ["gd", "cs"]:
		_use(file, str(place[0]), scripts)
	elif file.get_extension() == "tres" and FileAccess.file_exists(file):
		var text: RlSceneText = RlSceneTree.text_of(file, _texts)
		for one: RlSceneText.RlReference in text.references.values():
			_need(one.path, [file, one.line], scripts)


func _use(script: String, user: String, scripts: Dictionary[String, bool]) -> void:
	scripts[script] = true
	var users: PackedStringArray = _users.get_or_add(script, PackedStringArray())
	if user not in users:
		users.append(user)
		_users[script] = users


## Adds what [param scripts] need to them, and what they may load to [param spare].
func _follow(scripts: Dictionary[String, bool], spare: Dictionary[String, bool]) -> void:
	var open: Array[String] = scripts.keys()
	while not open.is_empty():
		var path: String = open.pop_back()
		for needed: String in _scripts.needs(path):
			if needed.get_extension() in ["gd", "cs"]:
				if not scripts.has(needed) and not needed.begins_with(RlScripts.OURS):
					open.append(needed)
				_use(needed, path, scripts)
			else:
				_spare(needed, spare)
		var said: RlScriptFacts = _scripts.facts(path)
		if said != null and not path.begins_with(RlScripts.OURS):
			for target: String in said.loads:
				_spare(target, spare)


func _spare(path: String, spare: Dictionary[String, bool]) -> void:
	if not _spared.has(path) and FileAccess.file_exists(path):
		_spared[path] = true
		spare[path] = true


static func _file_problem(path: String, is_imported: bool) -> String:
	if not FileAccess.file_exists(path):
		return "%s is missing."
	if not is_imported or path.get_extension().to_lower() not in IMPORTED:
		return ""
	var notes: ConfigFile = ConfigFile.new()
	if notes.load(path + ".import") != OK:
		return "%s has not been imported."
	if not notes.get_value("remap", "valid", true):
		return "%s could not be imported."
	for key: String in notes.get_section_keys("remap"):
		if key.begins_with("path"):
			var made: String = str(notes.get_value("remap", key))
			return "" if FileAccess.file_exists(made) else "%s has not been imported."
	return ""
