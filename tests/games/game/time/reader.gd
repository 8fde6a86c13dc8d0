extends Dot
## Writes the engine's settings, and counts when it reads something else back.

var _written: Dictionary[StringName, Variant] = {}
var _strange: int = 0


func _live() -> void:
	for property: StringName in _written:
		if Engine.get(property) != _written[property]:
			_strange += 1
	if ticks % 10 == 3:
		_write(&"time_scale", 0.25 + ticks / 64.0)
		_write(&"physics_ticks_per_second", 30 + ticks)
		_write(&"max_fps", 40 + ticks)
		_write(&"max_physics_steps_per_frame", 2 + ticks % 7)
		_write(&"physics_jitter_fix", 0.01 * ticks)


func _over() -> void:
	log_metric(&"strange", _strange)
	log_metric(&"rate_at_first", _get_first_rate())
	super()


func _write(property: StringName, value: Variant) -> void:
	Engine.set(property, value)
	_written[property] = value


func _get_first_rate() -> int:
	return ProjectSettings.get_setting("physics/common/physics_ticks_per_second")
