extends Node
## Times how long a crowd of agents takes to decide, for crowd.py: prints one line of JSON that
## starts with @RESULT. Options: --model=PATH, --agents=N, --interval=TICKS, --spread=0|1, --runs=N,
## --ticks=N (of one run).

const OnnxLoader := preload("res://addons/rl_studio/import/onnx_loader.gd")
const EARLY: int = -(1 << 30)
const LATE: int = 1 << 30


class Member:
	extends RLAgent
	## One of the crowd: sees eight numbers that change, moves by two.
	var place: Vector2 = Vector2.ZERO
	var heading: Vector2 = Vector2.ZERO
	var decisions: int = 0

	func _get_observation() -> Variant:
		var observation: PackedFloat32Array = [
			place.x, place.y, heading.x, heading.y, 0.1, -0.2, 0.3, 1.0
		]
		return observation

	func _get_action_space() -> Dictionary:
		return {"move": {"action_type": "continuous", "size": 2}}

	func _apply_action(action: Dictionary) -> void:
		var move: PackedFloat32Array = action["move"]
		heading = Vector2(move[0], move[1])
		place = (place + heading * 0.1).limit_length()
		decisions += 1


class Clock:
	extends Node
	## Calls back in every physics tick, in its place among all nodes.
	var _callback: Callable

	func _init(priority: int, callback: Callable) -> void:
		process_physics_priority = priority
		_callback = callback

	func _physics_process(_delta: float) -> void:
		_callback.call()


var _options: Dictionary[String, String] = {}
var _members: Array[Member] = []
var _began_usec: int = 0
var _spent_usec: int = 0
var _warm_up: int = 60
var _run: PackedInt32Array = []
var _runs: Array[Array] = []


func _ready() -> void:
	for argument: String in OS.get_cmdline_user_args():
		var parts: PackedStringArray = argument.trim_prefix("--").split("=")
		_options[parts[0]] = parts[1]
	var loader: OnnxLoader = OnnxLoader.new()
	loader.load_file(_options["model"])
	for index: int in _options["agents"].to_int():
		var member: Member = Member.new()
		member.place = Vector2.from_angle(index) * 0.5
		_members.append(member)
		add_child(member)
	var sync: RLSync = RLSync.new()
	sync.policy = loader.policy
	sync.action_repeat = _options["interval"].to_int()
	sync.spread_decisions = _options["spread"] == "1"
	add_child(sync)
	# Around RLSync, which runs first in a tick, and around its hook, which runs last.
	add_child(Clock.new(EARLY - 1, _start))
	add_child(Clock.new(EARLY + 1, _stop))
	add_child(Clock.new(LATE - 1, _start))
	add_child(Clock.new(LATE + 1, _finish_tick))


func _start() -> void:
	_began_usec = Time.get_ticks_usec()


func _stop() -> void:
	_spent_usec += Time.get_ticks_usec() - _began_usec


func _finish_tick() -> void:
	_stop()
	if _warm_up > 0:
		_warm_up -= 1
	else:
		_run.append(_spent_usec)
	_spent_usec = 0
	if _run.size() == _options["ticks"].to_int():
		_runs.append(Array(_run))
		_run.clear()
	if _runs.size() == _options["runs"].to_int():
		var decisions: int = 0
		for member: Member in _members:
			decisions += member.decisions
		print("@RESULT ", JSON.stringify({"runs": _runs, "decisions": decisions}))
		set_physics_process(false)
		get_tree().quit()
