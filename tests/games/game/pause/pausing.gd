extends Dot
## Pauses the game in mid-episode, at its end, or for a moment; see [member kind].

static var kind: String = _read("kind", "none")


static func _read(key: String, default: String) -> String:
	for argument: String in OS.get_cmdline_args() + OS.get_cmdline_user_args():
		if argument.begins_with("--%s=" % key):
			return argument.get_slice("=", 1)
	return default


func _live() -> void:
	if kind == "middle" and ticks == 20:
		get_tree().paused = true
	elif kind == "moment" and ticks == 20:
		get_tree().paused = true
		await get_tree().create_timer(0.5).timeout
		get_tree().paused = false


func _over() -> void:
	super()
	if kind in ["over", "reset"]:
		get_tree().paused = true


func _begin_episode() -> void:
	super()
	if kind == "reset":
		get_tree().paused = false
