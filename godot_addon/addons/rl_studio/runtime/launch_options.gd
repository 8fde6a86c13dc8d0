extends RefCounted
## The `--key=value` arguments that a trainer gives to the game.
##
## Stock godot-rl passes them to the engine (no `--` before them), other tools after a `--`; both
## are read. Everything behind the first `=` is the value.

var _values: Dictionary[String, String] = {}


func _init(arguments: PackedStringArray) -> void:
	for argument: String in arguments:
		if not argument.begins_with("--"):
			continue
		var equals: int = argument.find("=")
		if equals < 0:
			_values[argument.substr(2)] = ""
		else:
			_values[argument.substr(2, equals - 2)] = argument.substr(equals + 1)


func has(key: String) -> bool:
	return _values.has(key)


func get_text(key: String, default: String = "") -> String:
	return _values.get(key, default)


## Returns [param default], with an error, if the value is not a whole number.
func get_int(key: String, default: int) -> int:
	var text: String = get_text(key)
	if text.is_valid_int():
		return text.to_int()
	return roundi(get_float(key, default))


## Returns [param default], with an error, if the value is not a number.
func get_float(key: String, default: float) -> float:
	if not has(key):
		return default
	if not get_text(key).is_valid_float():
		push_error("RL Studio: --%s=%s is not a number; using %s." % [key, get_text(key), default])
		return default
	return get_text(key).to_float()
