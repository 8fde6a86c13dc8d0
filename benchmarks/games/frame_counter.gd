extends Node
## Times bare frames of as many ticks as a decision has, at the pace of a training; then prints one
## line of JSON that starts with @RESULT and quits. --seconds=S after -- says how long.

const TICKS_PER_FRAME: int = 8
const WARM_UP_SECONDS: float = 0.5

var _seconds: float = 2.0
var _frames: int = 0
var _ticks: int = 0
var _began_usec: int = 0


func _ready() -> void:
	for argument: String in OS.get_cmdline_user_args():
		if argument.begins_with("--seconds="):
			_seconds = argument.trim_prefix("--seconds=").to_float()
	Engine.physics_jitter_fix = 0.0
	Engine.time_scale = float(TICKS_PER_FRAME)
	Engine.physics_ticks_per_second *= TICKS_PER_FRAME
	Engine.max_physics_steps_per_frame = 2 * TICKS_PER_FRAME
	OS.low_processor_usage_mode_sleep_usec = 0
	_began_usec = Time.get_ticks_usec() + roundi(WARM_UP_SECONDS * 1e6)


func _physics_process(_delta: float) -> void:
	if Time.get_ticks_usec() >= _began_usec:
		_ticks += 1


func _process(_delta: float) -> void:
	var seconds: float = (Time.get_ticks_usec() - _began_usec) / 1e6
	if seconds < 0.0:
		return
	if seconds < _seconds:
		_frames += 1
		return
	var result: Dictionary = {"frames_per_second": _frames / seconds, "ticks": _ticks / seconds}
	print("@RESULT ", JSON.stringify(result))
	get_tree().quit()
