@tool
extends RefCounted
## Has the engine read a script without running a line of it, and takes the errors that it tells.
##
## The script itself is left alone: a copy is read. Its path is that of a compiled script (.gdc),
## which stands for the same class to the engine but is another resource.

const CATCHER: String = "error_catcher.gd"
## The engine stops here before it would make a class of the copy, which runs initializers.
const END: String = "\nconst _rl_studio_end_ = _rl_studio_nowhere_\n"
const BLANKED_TOOL: String = '"@tool"'
const KINDS: PackedStringArray = ["Parse Error: ", "Compile Error: "]


## Reads the text of the script at [param path]. Returns its errors, each {"line": int, "text":
## String}, in the order of their lines; the line is 0 where the engine (4.4) does not tell.
func read(path: String, source: String) -> Array[Dictionary]:
	var copy: GDScript = GDScript.new()
	var alone: String = path.get_basename()
	if "::" in path:  # within a scene: it has no name that others know
		alone = path.get_slice("::", 0).get_base_dir().path_join("rl_studio_built_in")
	copy.take_over_path(alone + ".gdc")
	# The editor shows all errors in Output: ours must not be among them. It runs tool scripts only.
	var is_editor: bool = Engine.is_editor_hint()
	var can_tell: bool = ClassDB.class_exists(&"Logger")
	copy.source_code = _without_tool(source) if is_editor else source
	if can_tell and not is_editor:
		copy.source_code += END
	var told: Array[Dictionary] = []
	var result: Error = OK
	if can_tell:
		var here: Script = get_script()
		var catching: GDScript = load(here.resource_path.get_base_dir().path_join(CATCHER))
		var catcher: RefCounted = catching.new()
		catcher.set(&"path", copy.resource_path)
		OS.call(&"add_logger", catcher)
		result = copy.reload()
		OS.call(&"remove_logger", catcher)
		var caught: Array[Dictionary] = catcher.get(&"errors")
		told = caught
	else:
		result = copy.reload()
	copy.resource_path = ""
	return _clean(told, source, result != OK and not can_tell)


static func _clean(told: Array[Dictionary], source: String, is_unknown: bool) -> Array[Dictionary]:
	var last: int = source.count("\n") + 1
	var errors: Array[Dictionary] = []
	for error: Dictionary in told:
		var line: int = error["line"]
		var text: String = error["text"]
		if "_rl_studio_" in text or BLANKED_TOOL in text:
			continue
		for kind: String in KINDS:
			text = text.trim_prefix(kind)
		var entry: Dictionary = {"line": mini(line, last), "text": text}
		if entry not in errors:
			errors.append(entry)
	if is_unknown:
		errors.append({"line": 0, "text": "The script has an error; open it to see which."})
	errors.sort_custom(
		func(a: Dictionary, b: Dictionary) -> bool:
			var first: int = a["line"]
			var second: int = b["line"]
			return first < second
	)
	return errors


static func _without_tool(source: String) -> String:
	if not "@tool" in source:
		return source
	return RegEx.create_from_string("(?m)^@tool").sub(source, "", true)
