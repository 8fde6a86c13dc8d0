extends RefCounted
## What agents lost, or what looks like a mistake in the game, told once for each topic: as a
## warning in the game's output, and to the trainer if there is one.

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
