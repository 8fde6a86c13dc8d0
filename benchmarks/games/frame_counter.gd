extends Node
## Times the bare game at the pace of a training: physics ticks a second, with no trainer to wait
## for. Prints @READY when the scene is there, in the end one line of JSON that starts with @RESULT,
## and quits. --seconds=S says how long; everything else is what a trainer gives to its games.

const EnginePace := preload("res://addons/rl_studio/runtime/engine_pace.gd")
const LaunchOptions := preload("res://addons/rl_studio/runtime/launch_options.gd")
const WARM_UP_USEC: int = 500_000
## Looking at the clock in every tick would cost a part of what is measured.
const TICKS_A_LOOK: int = 32

var _pace: EnginePace = EnginePace.new()
var _ticks: int = 0
var _began_usec: int = 0
var _ends_usec: int = 0
## The first one that counts.
var _first_tick: int = 0


func _ready() -> void:
	var options: LaunchOptions = LaunchOptions.new(OS.get_cmdline_args())
	var is_fixed: bool = options.has("rl_studio_fixed_fps")
	_pace.apply(get_tree(), is_fixed, 0.0, options.get_int("action_repeat", 8))
	_began_usec = Time.get_ticks_usec() + WARM_UP_USEC
	_ends_usec = _began_usec + roundi(options.get_float("seconds", 2.0) * 1e6)
	print("@READY")


func _physics_process(_delta: float) -> void:
	_ticks += 1
	if _ticks % TICKS_A_LOOK != 0:
		return
	var now: int = Time.get_ticks_usec()
	if now < _began_usec:
		return
	if _first_tick == 0:
		_first_tick = _ticks
		_began_usec = now
	elif now >= _ends_usec:
		var seconds: float = (now - _began_usec) / 1e6
		var rate: float = (_ticks - _first_tick) / seconds
		print("@RESULT ", JSON.stringify({"ticks_per_second": rate}))
		set_physics_process(false)
		get_tree().quit()
