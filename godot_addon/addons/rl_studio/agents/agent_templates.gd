@tool
extends RefCounted
## The scripts that new agents begin with: files of this addon, made as Godot's own templates are,
## so that Godot offers them as well when a script of an agent is extended.

const FOLDER: String = "res://addons/rl_studio/agents/templates"
const BASE: String = "RLAgent"
## Where Godot looks for templates of a project.
const SETTING: String = "editor/script/templates_search_path"
const OWN_FOLDER: String = "res://script_templates"


## One template.
class RlTemplate:
	extends RefCounted
	var title: String = ""
	var description: String = ""
	var path: String = ""
	var is_default: bool = false

	## The script that a game gets.
	func make_script() -> String:
		var lines: PackedStringArray = []
		for line: String in FileAccess.get_file_as_string(path).split("\n"):
			if not line.begins_with("# meta-"):
				lines.append(line)
		return "\n".join(lines)


## Returns all templates, the default one first.
static func find_all() -> Array[RlTemplate]:
	var found: Array[RlTemplate] = []
	var folder: String = FOLDER.path_join(BASE)
	for file: String in DirAccess.get_files_at(folder):
		if file.get_extension() == "gd":
			found.append(_read(folder.path_join(file)))
	found.sort_custom(
		func(a: RlTemplate, b: RlTemplate) -> bool:
			return a.title < b.title if a.is_default == b.is_default else a.is_default
	)
	return found


## Lets Godot offer the templates where it asks for a new script, unless the project has templates
## of its own. Nothing is written: the folder counts as what the setting is if nobody sets it.
static func offer() -> void:
	if has_own_templates():
		return
	ProjectSettings.set_initial_value(SETTING, FOLDER)
	ProjectSettings.set_setting(SETTING, FOLDER)


## Takes that back.
static func withdraw() -> void:
	if ProjectSettings.get_setting(SETTING, "") == FOLDER:
		ProjectSettings.set_initial_value(SETTING, OWN_FOLDER)
		ProjectSettings.set_setting(SETTING, OWN_FOLDER)


## Whether the project has script templates, which Godot offers in place of ours.
static func has_own_templates() -> bool:
	var folder: String = ProjectSettings.get_setting(SETTING, OWN_FOLDER)
	return folder != FOLDER and (folder != OWN_FOLDER or DirAccess.dir_exists_absolute(folder))


## Whether the templates are to be copied for Godot to offer them.
static func are_to_copy() -> bool:
	return has_own_templates() and not DirAccess.dir_exists_absolute(_own_folder())


## Copies the templates to those of the project. Returns why that failed, or "".
static func copy() -> String:
	var folder: String = _own_folder()
	var error: Error = DirAccess.make_dir_recursive_absolute(folder)
	for template: RlTemplate in find_all():
		if error == OK:
			error = DirAccess.copy_absolute(
				template.path, folder.path_join(template.path.get_file())
			)
	return "" if error == OK else "%s cannot be written: %s." % [folder, error_string(error)]


static func _own_folder() -> String:
	var folder: String = ProjectSettings.get_setting(SETTING, OWN_FOLDER)
	return folder.path_join(BASE)


static func _read(path: String) -> RlTemplate:
	var template: RlTemplate = RlTemplate.new()
	template.path = path
	for line: String in FileAccess.get_file_as_string(path).split("\n"):
		var value: String = line.get_slice(": ", 1).strip_edges()
		if line.begins_with("# meta-name: "):
			template.title = value
		elif line.begins_with("# meta-description: "):
			template.description = line.trim_prefix("# meta-description: ")
		elif line.begins_with("# meta-default: "):
			template.is_default = value == "true"
	return template
