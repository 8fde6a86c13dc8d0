extends RefCounted
## How fast the game runs while no player watches: as fast as the machine allows.
##
## Ticks a second and time scale grow together, so `_physics_process` always gets the project's own
## step (1/120 s in a 120 Hz project): what is learned holds at normal speed.

## Without `--fixed-fps` the engine paces ticks by the wall clock; at this factor it never waits.
const UNLIMITED: float = 1024.0
## The distance from 1.0 to the next larger number.
const EPSILON: float = 2.220446049250313e-16

## By object, its properties as they were.
var _saved: Dictionary[Object, Dictionary] = {}
var _saved_vsync: DisplayServer.VSyncMode = DisplayServer.VSYNC_ENABLED


## Returns the time scale at which ticks at [param rate] a second are exactly as long as they were
## at [param original_rate], 0.0 if no number is. The plain quotient may be off by the last bit;
## then what a game adds up would drift away from what it adds up at normal speed.
static func find_time_scale(rate: int, original_rate: int) -> float:
	var quotient: float = float(rate) / original_rate
	for nudge: int in [0, 1, -1, 2, -2, 3, -3]:
		var candidate: float = quotient + nudge * quotient * EPSILON / 2.0
		if 1.0 / rate * candidate == 1.0 / original_rate:
			return candidate
	return 0.0


## [param fixed_fps]: the game was started with `--fixed-fps`. [param speedup] 0 = as fast as
## possible. One frame is one decision of [param action_repeat] ticks where no clock sets the pace.
func apply(tree: SceneTree, fixed_fps: bool, speedup: float, action_repeat: int) -> void:
	if not _saved.is_empty():
		return
	_save(tree)
	var factor: float = speedup
	if fixed_fps:
		factor = speedup if speedup > 0.0 else float(action_repeat)
	elif _is_headless():
		factor = UNLIMITED
	elif speedup <= 0.0:
		factor = 1.0
	Engine.physics_jitter_fix = 0.0
	_set_speed(factor, fixed_fps)
	Engine.max_physics_steps_per_frame = _get_max_steps(fixed_fps, factor, action_repeat)
	Engine.max_fps = 0
	OS.low_processor_usage_mode = false
	if _is_headless():
		OS.low_processor_usage_mode_sleep_usec = 0
		# Nobody points at anything, and nobody sees what would be interpolated. Drawing goes on, as
		# games wait for it, and VisibleOnScreenNotifiers live by it.
		tree.root.physics_object_picking = false
		tree.physics_interpolation = false
	elif fixed_fps or factor > 1.0:
		DisplayServer.window_set_vsync_mode(DisplayServer.VSYNC_DISABLED)


func restore() -> void:
	if _saved.is_empty():
		return
	for owner: Object in _saved:
		for property: StringName in _saved[owner]:
			owner.set(property, _saved[owner][property])
	if not _is_headless():
		DisplayServer.window_set_vsync_mode(_saved_vsync)
	_saved.clear()


func _save(tree: SceneTree) -> void:
	_saved = {
		Engine:
		{
			&"physics_ticks_per_second": Engine.physics_ticks_per_second,
			&"physics_jitter_fix": Engine.physics_jitter_fix,
			&"time_scale": Engine.time_scale,
			&"max_physics_steps_per_frame": Engine.max_physics_steps_per_frame,
			&"max_fps": Engine.max_fps,
		},
		OS:
		{
			&"low_processor_usage_mode": OS.low_processor_usage_mode,
			&"low_processor_usage_mode_sleep_usec": OS.low_processor_usage_mode_sleep_usec,
		},
		tree: {&"physics_interpolation": tree.physics_interpolation},
		tree.root: {&"physics_object_picking": tree.root.physics_object_picking},
	}
	if not _is_headless():
		_saved_vsync = DisplayServer.window_get_vsync_mode()


func _set_speed(factor: float, may_be_faster: bool) -> void:
	var original_rate: int = Engine.physics_ticks_per_second
	var rate: int = maxi(1, roundi(original_rate * factor))
	var time_scale: float = find_time_scale(rate, original_rate)
	if time_scale == 0.0 and may_be_faster:
		# Powers of two are always exact.
		time_scale = nearest_po2(ceili(factor))
		rate = roundi(original_rate * time_scale)
	Engine.physics_ticks_per_second = rate
	Engine.time_scale = time_scale if time_scale > 0.0 else float(rate) / original_rate


func _get_max_steps(fixed_fps: bool, factor: float, action_repeat: int) -> int:
	if not fixed_fps and _is_headless():
		return maxi(action_repeat, Engine.max_physics_steps_per_frame)
	return maxi(ceili(2.0 * factor), Engine.max_physics_steps_per_frame)


func _is_headless() -> bool:
	return DisplayServer.get_name() == "headless"
