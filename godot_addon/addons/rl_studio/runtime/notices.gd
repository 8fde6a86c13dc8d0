extends RefCounted
## What agents lost, or what looks like a mistake in the game, told once for each topic: as a
## warning in the game's output, and to the trainer if there is one.

## What messages to the editor begin with.
const DEBUGGER: String = "rl_studio"

## Told and not yet fetched for the trainer: [topic, message].
static var _open: Array[PackedStringArray] = []
static var _told: Dictionary[String, bool] = {}


## Tells [param message] the first time for each [param topic].
static func tell(topic: String, message: String) -> void:
	if _told.has(topic):
		return
	_told[topic] = true
	_open.append(PackedStringArray([topic, message]))
	push_warning("RL Studio: %s" % message)


## Tells [param error] the first time for each [param topic] in this process, as an error in the
## game's output: where a scene is reloaded, new agents have the same fault.
static func complain(topic: String, error: String) -> void:
	if not _told.has(topic):
		_told[topic] = true
		push_error("RL Studio: %s" % error)
		tell_editor(error)


## Tells [param text] to the editor that plays the game, which shows it in a dock.
static func tell_editor(text: String) -> void:
	if EngineDebugger.is_active():
		EngineDebugger.send_message(DEBUGGER + ":complaint", [text])


## Returns [topic, message] of what was told since the last call.
static func take() -> Array[PackedStringArray]:
	if _open.is_empty():
		return []
	var taken: Array[PackedStringArray] = _open.duplicate()
	_open.clear()
	return taken


## Where a script is, for messages.
static func name_script(owner: Object) -> String:
	var script: Script = owner.get_script()
	return (
		script.resource_path
		if script != null and not script.resource_path.is_empty()
		else str(owner)
	)
