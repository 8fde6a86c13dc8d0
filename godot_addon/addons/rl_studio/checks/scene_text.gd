@tool
extends RefCounted
## A scene or resource in Godot's text format, read without loading it or anything that it needs: no
## code of the game runs, and what is missing can be named.


## Another file that this one needs.
class RlReference:
	extends RefCounted
	## A res:// path.
	var path: String = ""
	## Godot's type, such as "Script" or "PackedScene".
	var type: String = ""
	var line: int = 0


## A node as the file has it: of its own, an instance of a scene, or changes to an inherited one.
class RlEntry:
	extends RefCounted
	var name: String = ""
	## The path of its parent; "" for the root.
	var parent: String = ""
	var type: String = ""
	## The id of the reference that is instanced; "" if none is.
	var instance: String = ""
	var groups: String = ""
	var line: int = 0
	## Raw text of its properties, those of one line.
	var properties: Dictionary[String, String] = {}

	## Where it is in its scene: "." or "A/B".
	func path() -> String:
		if parent == "":
			return "."
		return name if parent == "." else parent.path_join(name)


## By id.
var references: Dictionary[String, RlReference] = {}
var nodes: Array[RlEntry] = []
## The source of scripts within the file, by id, and the line it begins in.
var scripts: Dictionary[String, String] = {}
var script_lines: Dictionary[String, int] = {}

var _attribute: RegEx = RegEx.create_from_string(
	'(\\w+)\\s*=\\s*("(?:[^"\\\\]|\\\\.)*"|\\[[^\\]]*\\]|\\w+\\([^)]*\\)|[^\\s\\]]+)'
)
var _folder: String
var _node: RlEntry = null
var _script_id: String = ""


## Reads [param path].
func _init(path: String) -> void:
	_folder = path.get_base_dir()
	var lines: PackedStringArray = FileAccess.get_file_as_string(path).split("\n")
	var is_open: bool = false  # within a string of several lines
	var source_from: int = -1
	for index: int in lines.size():
		var line: String = lines[index]
		if is_open:
			is_open = not _has_odd_quotes(line)
			if not is_open and source_from >= 0:
				_take_source(lines, source_from, index)
				source_from = -1
			continue
		if line.begins_with("["):
			_take_header(line, index + 1)
			continue
		is_open = _has_odd_quotes(line)
		if _script_id != "" and line.begins_with("script/source = "):
			if is_open:
				source_from = index
			else:
				_take_source(lines, index, index)
		elif _node != null and not is_open:
			var parts: PackedStringArray = line.split(" = ", true, 1)
			if parts.size() == 2:
				_node.properties[parts[0]] = parts[1].strip_edges()


## The id in "ExtResource("1_abc")" or "SubResource(…)"; "" if [param value] is none.
static func id_in(value: String, kind: String) -> String:
	return value.get_slice('"', 1) if value.begins_with(kind + "(") else ""


func _take_header(line: String, number: int) -> void:
	_node = null
	_script_id = ""
	var kind: String = line.substr(1).get_slice(" ", 0).get_slice("]", 0)
	if kind not in ["ext_resource", "sub_resource", "node"]:
		return
	var values: Dictionary[String, String] = {}
	for found: RegExMatch in _attribute.search_all(line):
		values[found.get_string(1)] = _unquoted(found.get_string(2))
	match kind:
		"ext_resource":
			_take_reference(values, number)
		"sub_resource":
			if values.get("type", "") == "GDScript":
				_script_id = values.get("id", "")
		"node":
			_node = RlEntry.new()
			_node.name = values.get("name", "")
			_node.parent = values.get("parent", "")
			_node.type = values.get("type", "")
			var instance: String = values.get("instance", "")
			_node.instance = id_in(instance, "ExtResource")
			_node.groups = values.get("groups", "")
			_node.line = number
			nodes.append(_node)


func _take_reference(values: Dictionary[String, String], number: int) -> void:
	var one: RlReference = RlReference.new()
	var uid: String = values.get("uid", "")
	var path: String = values.get("path", "")
	if path != "" and not path.contains("://") and path.is_relative_path():
		path = _folder.path_join(path)
	one.path = resolve(uid, path.simplify_path())
	one.type = values.get("type", "")
	one.line = number
	references[values.get("id", "")] = one


## The file of [param uid] if there is one, else [param path].
static func resolve(uid: String, path: String) -> String:
	var id: int = ResourceUID.text_to_id(uid) if uid.begins_with("uid://") else -1
	if id != -1 and ResourceUID.has_id(id) and FileAccess.file_exists(ResourceUID.get_id_path(id)):
		return ResourceUID.get_id_path(id)
	return path


func _take_source(lines: PackedStringArray, from: int, to: int) -> void:
	var text: String = "\n".join(lines.slice(from, to + 1)).trim_prefix("script/source = ")
	scripts[_script_id] = _unquoted(text.strip_edges())
	script_lines[_script_id] = from + 1


static func _unquoted(text: String) -> String:
	if text.length() < 2 or not text.begins_with('"') or not text.ends_with('"'):
		return text
	var inner: String = text.substr(1, text.length() - 2)
	return inner.replace('\\"', '"').replace("\\\\", "\\") if "\\" in inner else inner


static func _has_odd_quotes(line: String) -> bool:
	if not '"' in line:
		return false
	if "\\" in line:
		line = line.replace("\\\\", "").replace('\\"', "")
	return line.count('"') % 2 == 1
