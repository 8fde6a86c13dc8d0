extends RefCounted
## Lets clock time pass faster, for games that were started without `--fixed-fps`.
##
## Ticks a second and time scale grow together, so `_physics_process` always gets the project's own
## step (1/120 s in a 120 Hz project). A time scale that the game writes counts from its next frame
## on, relative to this pace; it reads back the product.

## At this factor the clock never makes the engine wait.
const UNLIMITED: float = 1024.0
## The distance from 1.0 to the next larger number.
const EPSILON: float = 2.220446049250313e-16

## By object, its properties as they were.
var _saved: Dictionary[Object, Dictionary] = {}
var _saved_vsync: DisplayServer.VSyncMode = DisplayServer.VSYNC_ENABLED
var _is_headless: bool = DisplayServer.get_name() == "headless"
var _factor: float = 1.0
## What the game wants.
var _own_rate: int = 0
var _own_scale: float = 1.0
## What was set last, to notice what the game writes.
var _rate: int = 0
var _time_scale: float = 1.0


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


## [param speedup] 0 = as fast as possible, with a window in real time.
func apply(speedup: float, action_repeat: int) -> void:
	_saved = {
		Engine:
		{
			&"physics_jitter_fix": Engine.physics_jitter_fix,
			&"max_physics_steps_per_frame": Engine.max_physics_steps_per_frame,
			&"max_fps": Engine.max_fps,
		},
		OS:
		{
			&"low_processor_usage_mode": OS.low_processor_usage_mode,
			&"low_processor_usage_mode_sleep_usec": OS.low_processor_usage_mode_sleep_usec,
		},
	}
	_factor = UNLIMITED
	if not _is_headless:
		_factor = speedup if speedup > 0.0 else 1.0
		_saved_vsync = DisplayServer.window_get_vsync_mode()
		if _factor > 1.0:
			DisplayServer.window_set_vsync_mode(DisplayServer.VSYNC_DISABLED)
	else:
		OS.low_processor_usage_mode_sleep_usec = 0
	Engine.physics_jitter_fix = 0.0
	Engine.max_fps = 0
	OS.low_processor_usage_mode = false
	var most: int = action_repeat if _is_headless else ceili(2.0 * _factor)
	Engine.max_physics_steps_per_frame = maxi(most, Engine.max_physics_steps_per_frame)
	_set_speed(Engine.physics_ticks_per_second, Engine.time_scale)


## Takes over what the game has written in the meantime.
func follow() -> void:
	if Engine.physics_ticks_per_second != _rate or Engine.time_scale != _time_scale:
		var rate: int = _own_rate
		var scale: float = _own_scale
		if Engine.physics_ticks_per_second != _rate:
			rate = Engine.physics_ticks_per_second
		if Engine.time_scale != _time_scale:
			scale = Engine.time_scale
		_set_speed(rate, scale)


func restore() -> void:
	for owner: Object in _saved:
		for property: StringName in _saved[owner]:
			owner.set(property, _saved[owner][property])
	if not _is_headless:
		DisplayServer.window_set_vsync_mode(_saved_vsync)
	_saved.clear()
	Engine.physics_ticks_per_second = _own_rate
	Engine.time_scale = _own_scale


func _set_speed(own_rate: int, own_scale: float) -> void:
	_own_rate = own_rate
	_own_scale = own_scale
	_rate = maxi(1, roundi(own_rate * _factor))
	var exact: float = find_time_scale(_rate, own_rate)
	_time_scale = own_scale * (exact if exact > 0.0 else float(_rate) / own_rate)
	Engine.physics_ticks_per_second = _rate
	Engine.time_scale = _time_scale
