@tool
extends RefCounted
## What the text of a script says: whom it extends, what it loads, which functions it has.

static var _base: RegEx = RegEx.create_from_string(
	"(?m)^\\s*(?:class_name[ \\t]+\\w+[ \\t]+)?extends[ \\t]+([\"'][^\"']*[\"']|[\\w.]+)"
)
static var _global: RegEx = RegEx.create_from_string("(?m)^\\s*class_name\\s+(\\w+)")
static var _load: RegEx = RegEx.create_from_string(
	"(preload|load|change_scene_to_file)\\s*\\(\\s*(?:[\"']([^\"']*)[\"'])?"
)
static var _name: RegEx = RegEx.create_from_string("\\b[A-Z]\\w*")
static var _function: RegEx = RegEx.create_from_string("(?m)^\\s*(?:static\\s+)?func\\s+(\\w+)")
static var _quiet: RegEx = RegEx.create_from_string(
	'"""[\\s\\S]*?"""|"(?:[^"\\\\\\n]|\\\\.)*"|\'(?:[^\'\\\\\\n]|\\\\.)*\'|#[^\\n]*'
)
static var _comment: RegEx = RegEx.create_from_string("(?m)^\\s*#[^\\n]*$")

## A path or a name of a class; "" if it says none.
var base: String = ""
var global_name: String = ""
## Files that are loaded with it.
var preloads: PackedStringArray = []
## Files that it names and may load when it runs.
var loads: PackedStringArray = []
## Names that begin with a capital letter: classes, perhaps.
var names: Dictionary[String, bool] = {}
var functions: Dictionary[String, bool] = {}
## Whether it loads what cannot be told from its text.
var loads_more: bool = false
var text: String = ""


## Reads [param source], the text of the script at [param path].
func _init(path: String, source: String) -> void:
	text = source
	var code: String = _comment.sub(source, "", true)
	var found: RegExMatch = _base.search(code)
	if found != null:
		base = found.get_string(1)
		if base[0] in ["'", '"']:
			base = _absolute(base.substr(1, base.length() - 2), path)
	found = _global.search(code)
	global_name = found.get_string(1) if found != null else ""
	for found_load: RegExMatch in _load.search_all(code):
		_take_load(found_load, path)
	code = _quiet.sub(code, "", true)
	loads_more = loads_more or "ResourceLoader" in code or "change_scene_to_packed" in code
	for word: RegExMatch in _name.search_all(code):
		names[word.get_string()] = true
	for function: RegExMatch in _function.search_all(code):
		functions[function.get_string(1)] = true


func _take_load(matched: RegExMatch, path: String) -> void:
	var target: String = matched.get_string(2)
	if target == "":
		loads_more = true
	elif matched.get_string(1) == "preload":
		preloads.append(_absolute(target, path))
	else:
		loads.append(_absolute(target, path))


static func _absolute(target: String, from: String) -> String:
	if target.begins_with("uid://"):
		var id: int = ResourceUID.text_to_id(target)
		return ResourceUID.get_id_path(id) if ResourceUID.has_id(id) else target
	if target.contains("://"):
		return target.simplify_path()
	return from.get_base_dir().path_join(target).simplify_path()
