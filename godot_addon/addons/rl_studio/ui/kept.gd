@tool
extends RefCounted
## What the docks keep for the next editor of this project, in the editor's own file of such things.

const SECTION: String = "rl_studio"


## Keeps [param what] under [param key].
static func save_dict(key: String, what: Dictionary) -> void:
	EditorInterface.get_editor_settings().set_project_metadata(SECTION, key, what)


## What is kept under [param key]; empty if there is nothing.
static func load_dict(key: String) -> Dictionary:
	var kept: Variant = EditorInterface.get_editor_settings().get_project_metadata(SECTION, key, {})
	if kept is Dictionary:
		var found: Dictionary = kept
		return found.duplicate(true)
	return {}
