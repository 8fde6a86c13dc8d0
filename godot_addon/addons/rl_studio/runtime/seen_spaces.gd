@tool
extends RefCounted
## What agents told about themselves when the game ran last, for the editor, which cannot ask them.
##
## A game that the editor's Godot runs notes it in the project's `.godot` folder; exported games
## note nothing. A note counts until the agent's script is changed.


## Spaces of one agent.
class RlEntry:
	extends RefCounted
	## Of its observations: [n], or [channels, height, width].
	var shapes: Dictionary[String, PackedInt32Array] = {}
	## As [method RLAgent._get_action_space] gives them.
	var actions: Dictionary = {}


const PATH: String = "res://.godot/rl_studio_agents.json"
const SHAPES: String = "observations"
const ACTIONS: String = "actions"
const TIME: String = "time"

static var _noted: Dictionary[String, bool] = {}
## The file as it was read last, and what it says.
static var _text: String = ""
static var _notes: Dictionary = {}


## Notes the spaces of an agent, once a run of the game.
static func note(
	agent: Node, shapes: Dictionary[String, PackedInt32Array], actions: Dictionary
) -> void:
	var key: String = _get_key(agent)
	if _noted.has(key) or key.is_empty() or not OS.has_feature("editor"):
		return
	_noted[key] = true
	var sizes: Dictionary = {}
	for name: String in shapes:
		sizes[name] = Array(shapes[name])
	var notes: Dictionary = _read()
	notes[key] = {SHAPES: sizes, ACTIONS: actions, TIME: roundi(Time.get_unix_time_from_system())}
	_write(notes)


## Returns what is known about an agent of a scene that is edited, or null.
static func find(agent: Node) -> RlEntry:
	var note_of_agent: Variant = _read().get(_get_key(agent))
	if not note_of_agent is Dictionary:
		return null
	var fields: Dictionary = note_of_agent
	var time: float = fields.get(TIME, 0.0)
	var script: Script = agent.get_script()
	while script != null:
		if FileAccess.get_modified_time(script.resource_path) > time:
			return null
		script = script.get_base_script()
	var entry: RlEntry = RlEntry.new()
	entry.actions = fields.get(ACTIONS, {})
	var shapes: Dictionary = fields.get(SHAPES, {})
	for key: String in shapes:
		var extents: Array = shapes[key]
		entry.shapes[key] = PackedInt32Array(extents)
	return entry


# The scene that the agent was saved in, and its place there; "" for agents made by a script.
static func _get_key(agent: Node) -> String:
	if agent.owner == null or agent.owner.scene_file_path.is_empty():
		return ""
	return "%s::%s" % [agent.owner.scene_file_path, agent.owner.get_path_to(agent)]


static func _read() -> Dictionary:
	if not FileAccess.file_exists(PATH):
		return {}
	var text: String = FileAccess.get_file_as_string(PATH)
	if text != _text:
		var notes: Variant = JSON.parse_string(text)
		_text = text
		_notes = notes if notes is Dictionary else {}
	return _notes


# Several games may run at once: each leaves a whole file.
static func _write(notes: Dictionary) -> void:
	var draft: String = "%s.%d" % [PATH, OS.get_process_id()]
	var file: FileAccess = FileAccess.open(draft, FileAccess.WRITE)
	if file == null:
		return  # a project that cannot be written to: the editor knows less, the game goes on
	file.store_string(JSON.stringify(notes))
	file.close()
	DirAccess.rename_absolute(draft, PATH)
