extends RefCounted
## How fast the game runs while no player watches: as fast as the machine allows.
##
## A game that was started with `--fixed-fps` at its physics rate simulates one tick a frame and
## waits for no clock. Its time is its own then: nothing here touches `Engine.time_scale`,
## `Engine.physics_ticks_per_second` or `Engine.max_fps`, so a game that writes them reads back
## what it wrote, and its ticks are as long as in play. Without `--fixed-fps`, as stock trainers
## start games, scaled_time.gd makes clock time pass faster.

const RlScaledTime := preload("scaled_time.gd")

## Frames that are drawn for somebody to watch, at most so many a second.
const WATCHED_FPS: float = 30.0
## Where a window is out of sight.
const FAR_AWAY: Vector2i = Vector2i(-20000, -20000)
const USEC: float = 1_000_000.0
## A pace that fell behind by more starts counting anew, instead of rushing to make up for it.
const LONGEST_LAG_USEC: int = 200_000

## Whether [method keep] has anything to do.
var is_kept: bool = false

## By object, its properties as they were.
var _saved: Dictionary[Object, Dictionary] = {}
var _scaled: RlScaledTime = null
## Microseconds that a tick takes at least; 0.0 = as short as possible.
var _tick_usec: float = 0.0
var _next_tick_usec: float = 0.0
var _next_frame_usec: int = 0
var _has_window: bool = DisplayServer.get_name() != "headless"


## [param fixed_fps]: the game was started with `--fixed-fps`. [param speedup] 0 = as fast as
## possible. [param action_repeat]: ticks from one decision to the next.
func apply(tree: SceneTree, fixed_fps: bool, speedup: float, action_repeat: int) -> void:
	if not _saved.is_empty():
		return
	_saved = {
		tree: {&"physics_interpolation": tree.physics_interpolation},
		tree.root: {&"physics_object_picking": tree.root.physics_object_picking},
		RenderingServer: {&"render_loop_enabled": RenderingServer.render_loop_enabled},
	}
	if not _has_window:
		# Nobody points at anything, and nobody sees what would be interpolated.
		tree.root.physics_object_picking = false
		tree.physics_interpolation = false
	if not fixed_fps:
		_scaled = RlScaledTime.new()
		_scaled.apply(speedup, action_repeat)
	elif speedup > 0.0:
		_tick_usec = USEC / (Engine.physics_ticks_per_second * speedup)
		_next_tick_usec = Time.get_ticks_usec()
	is_kept = _has_window or _scaled != null or _tick_usec > 0.0


## Moves the window to where nobody sees it: the game only draws what its agents look at.
static func hide_window() -> void:
	DisplayServer.window_set_flag(DisplayServer.WINDOW_FLAG_NO_FOCUS, true)
	DisplayServer.window_set_position(FAR_AWAY)


## Waits until the next tick is due, and says whether its frame shall be drawn. Call it in every
## tick; [param is_last]: agents observe after it, and may look at what was drawn.
func keep(is_last: bool) -> void:
	if _scaled != null:
		_scaled.follow()
	elif not _saved.is_empty():
		if _tick_usec > 0.0:
			_wait()
		if _has_window:
			var is_due: bool = Time.get_ticks_usec() >= _next_frame_usec
			RenderingServer.render_loop_enabled = is_last or is_due
			if is_due:
				_next_frame_usec = Time.get_ticks_usec() + roundi(USEC / WATCHED_FPS)


## Puts back all that [method apply] has changed.
func restore() -> void:
	for owner: Object in _saved:
		if is_instance_valid(owner):
			for property: StringName in _saved[owner]:
				owner.set(property, _saved[owner][property])
	_saved.clear()
	is_kept = false
	_tick_usec = 0.0
	if _scaled != null:
		_scaled.restore()
		_scaled = null


func _wait() -> void:
	var now: int = Time.get_ticks_usec()
	_next_tick_usec += _tick_usec
	if _next_tick_usec > now:
		OS.delay_usec(roundi(_next_tick_usec) - now)
	elif now - _next_tick_usec > LONGEST_LAG_USEC:
		_next_tick_usec = now
