extends Dot
## Goes wrong in the way that `--kind=` names, after some ticks of its life.

static var kind: String = _read("kind", "none")
static var after: int = int(_read("after", "100"))


static func _read(key: String, default: String) -> String:
	for argument: String in OS.get_cmdline_args() + OS.get_cmdline_user_args():
		if argument.begins_with("--%s=" % key):
			return argument.get_slice("=", 1)
	return default


func _live() -> void:
	if age < after:
		return
	match kind:
		"reward_inf":
			add_reward(1.0 / snappedf(0.0, 0.1))
		"reward_nan":
			add_reward(NAN)
		"quit":
			get_tree().quit()
		"quit_code":
			get_tree().quit(7)
		"block":
			_block()
		"alert":
			OS.alert("Game over", "A dialog")
		"crash":
			OS.crash("on purpose")
		"script_error":
			var nothing: Node = null
			# On purpose: the game goes on after it.
			@warning_ignore("unsafe_property_access")
			print(nothing.name)


func _over() -> void:
	match kind:
		"late_reward":
			end_episode()
			add_reward(100.0)
			return
		"late_metric":
			end_episode()
			log_metric(&"late", 1.0)
			return
		"endless":
			if ticks % 640 == 0:
				var nothing: Node = null
				@warning_ignore("unsafe_property_access")
				print(nothing.name)
			return
	super()


func _get_observation() -> Variant:
	var seen: PackedFloat32Array = super()
	if age >= after:
		match kind:
			"seen_nan":
				seen[1] = NAN
			"seen_size":
				seen.append(0.0)
			"seen_nothing":
				return null
	return seen


func _block() -> void:
	while true:
		pass
