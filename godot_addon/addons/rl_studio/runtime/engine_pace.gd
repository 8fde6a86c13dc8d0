extends RefCounted
## How fast the game runs while no player watches: as fast as the machine allows.
##
## Ticks a second and time scale grow together, so `_physics_process` always gets the project's own
## step (1/120 s in a 120 Hz project): what is learned holds at normal speed.

## Without `--fixed-fps` the engine paces ticks by the wall clock; at this factor it never waits.
const UNLIMITED: float = 1000.0

var _saved: Dictionary[StringName, Variant] = {}
var _saved_vsync: DisplayServer.VSyncMode = DisplayServer.VSYNC_ENABLED


## [param fixed_fps]: the game was started with `--fixed-fps`. [param speedup] 0 = as fast as
## possible. One frame is one decision of [param action_repeat] ticks where no clock sets the pace.
func apply(fixed_fps: bool, speedup: float, action_repeat: int) -> void:
	if not _saved.is_empty():
		return
	_save()
	var factor: float = speedup
	if fixed_fps:
		factor = speedup if speedup > 0.0 else float(action_repeat)
	elif _is_headless():
		factor = UNLIMITED
	elif speedup <= 0.0:
		factor = 1.0
	var ticks: int = Engine.physics_ticks_per_second
	Engine.physics_jitter_fix = 0.0
	Engine.physics_ticks_per_second = maxi(1, roundi(ticks * factor))
	Engine.time_scale = float(Engine.physics_ticks_per_second) / ticks
	Engine.max_physics_steps_per_frame = _get_max_steps(fixed_fps, factor, action_repeat)
	Engine.max_fps = 0
	if _is_headless():
		OS.low_processor_usage_mode_sleep_usec = 0
	elif fixed_fps or factor > 1.0:
		DisplayServer.window_set_vsync_mode(DisplayServer.VSYNC_DISABLED)


func restore() -> void:
	if _saved.is_empty():
		return
	for property: StringName in _saved:
		var owner: Object = OS if property.begins_with("low_processor") else Engine
		owner.set(property, _saved[property])
	if not _is_headless():
		DisplayServer.window_set_vsync_mode(_saved_vsync)
	_saved.clear()


func _save() -> void:
	_saved = {
		&"physics_ticks_per_second": Engine.physics_ticks_per_second,
		&"physics_jitter_fix": Engine.physics_jitter_fix,
		&"time_scale": Engine.time_scale,
		&"max_physics_steps_per_frame": Engine.max_physics_steps_per_frame,
		&"max_fps": Engine.max_fps,
		&"low_processor_usage_mode_sleep_usec": OS.low_processor_usage_mode_sleep_usec,
	}
	if not _is_headless():
		_saved_vsync = DisplayServer.window_get_vsync_mode()


func _get_max_steps(fixed_fps: bool, factor: float, action_repeat: int) -> int:
	if not fixed_fps and _is_headless():
		return maxi(action_repeat, Engine.max_physics_steps_per_frame)
	return maxi(ceili(2.0 * factor), Engine.max_physics_steps_per_frame)


func _is_headless() -> bool:
	return DisplayServer.get_name() == "headless"
