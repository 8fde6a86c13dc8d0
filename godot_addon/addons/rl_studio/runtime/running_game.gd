extends Node
## The running game as trainers, policies and players see it: which agents there are, who decides
## for them and when. It lives below the root, so what it knows survives every change of scene; an
## [RLSync] only says how.
##
## Decisions come first in a tick, before all other nodes, and the ends of episodes last.

const RlCrew := preload("crew.gd")
const RlEnginePace := preload("engine_pace.gd")
const RlEvaluator := preload("evaluator.gd")
const RlHoldUp := preload("hold_up.gd")
const RlLateHook := preload("late_hook.gd")
const RlLaunchOptions := preload("launch_options.gd")
const RlListener := preload("listener.gd")
const RlPilot := preload("pilot.gd")
const RlPlayedPolicies := preload("played_policies.gd")
const RlSceneProbe := preload("scene_probe.gd")
const RlSyncSettings := preload("sync_settings.gd")
const RlTrainerSearch := preload("trainer_search.gd")
const RlTrainingSession := preload("training_session.gd")

const FIRST_PRIORITY: int = -(1 << 30)
## How often, while the game is held up, it is looked whether the trainer is still there.
const CHECK_MSEC: int = 200
## Ticks that a probe waits for the first agent.
const LONGEST_PROBE: int = 600

var _options: RlLaunchOptions
var _is_launched: bool = false
## What a trainer sets; 0 = nothing.
var _given_action_repeat: int = 0
var _tree: SceneTree = null
var _pace: RlEnginePace = RlEnginePace.new()
var _crew: RlCrew = RlCrew.new()
var _late_hook: RlLateHook = RlLateHook.new(_on_tick_ended)
var _evaluator: RlEvaluator = null
var _search: RlTrainerSearch = null
var _session: RlTrainingSession = null
var _hold_up: RlHoldUp = RlHoldUp.new()
var _settings: RlSyncSettings = RlSyncSettings.new()
## Ticks until the end of the window. The first tick only lets the scene settle.
var _ticks_left: int = 1
## Ticks of the window.
var _interval: int = 1
var _has_started: bool = false
var _has_stopped: bool = false
var _must_restart: bool = false
var _was_paused: bool = false
var _next_check_msec: int = 0
var _probed_ticks: int = 0


func _init() -> void:
	name = "RLStudio"
	process_mode = Node.PROCESS_MODE_ALWAYS
	process_physics_priority = FIRST_PRIORITY
	_options = RlLaunchOptions.new(OS.get_cmdline_args() + OS.get_cmdline_user_args())
	_is_launched = _options.has("port")
	_given_action_repeat = _options.get_int("action_repeat", 0)
	if _options.has("env_seed"):
		seed(_options.get_int("env_seed", 0))
		_crew.rng.seed = _options.get_int("env_seed", 0)
	add_child(_late_hook, false, Node.INTERNAL_MODE_BACK)


func _ready() -> void:
	_tree = get_tree()
	var listener: RlListener = RlListener.new()
	add_child(listener, false, Node.INTERNAL_MODE_BACK)
	listener.close_requested.connect(_on_close_requested)
	if _options.has("rl_studio_unseen"):
		RlEnginePace.hide_window()
	if RlEvaluator.is_wanted(_options):
		_evaluator = RlEvaluator.new(_options)
	if _evaluator != null or _is_launched:
		var speedup: float = _options.get_float("speedup", 0.0)
		var fixed_fps: bool = _options.has("rl_studio_fixed_fps")
		_pace.apply(get_tree(), fixed_fps, speedup, get_action_repeat())


# Nothing in here may be slow: games that train do little else.
func _physics_process(delta: float) -> void:
	if _tree.paused and _settings.are_paused(_tree):
		_wait_paused(delta)
		return
	if _was_paused:
		_was_paused = false
		_go_on()
	var are_spread: bool = _crew.turns.are_spread
	if _ticks_left == 0:
		_begin_window(delta)
	elif are_spread:
		_crew.decide(_interval - _ticks_left)
	_ticks_left -= 1
	if _pace.is_kept:
		_pace.keep(_ticks_left == 0)
	if _ticks_left == 0 or are_spread:
		_late_hook.is_due = true
	for pilot: RlPilot in _crew.players:
		if pilot.get_agent() != null:
			pilot.play()


func _exit_tree() -> void:
	_pace.restore()
	if _session != null and not _has_stopped and not _search.connection.is_closed:
		_session.give_up(
			"quit",
			(
				(
					"the game has ended itself after %.1f s (get_tree().quit()?): end the episode"
					+ " instead, with end_episode(), and start over in _begin_episode"
				)
				% (Time.get_ticks_msec() / 1000.0)
			)
		)
		_search.connection.abort()


## An RLSync has come into the tree.
func join(sync: RLSync) -> void:
	_settings.join(sync)
	_crew.unsettle()


## An RLSync leaves the tree. Returns whether the game goes on without one.
func leave(sync: RLSync) -> bool:
	var has_another: bool = _settings.leave(sync)
	_crew.unsettle()
	return has_another or _is_at_work()


## [param sync] was changed.
func heed(sync: RLSync) -> void:
	_settings.heed(sync)
	_crew.unsettle()


## Returns whether a trainer is connected.
func is_training() -> bool:
	return _session != null and not _has_stopped


## Returns the ticks from one decision to the next: those that a trainer sets, else the scene's.
func get_action_repeat() -> int:
	return maxi(1, _given_action_repeat if _given_action_repeat > 0 else _settings.action_repeat)


## Somebody waits for what this game does, whatever scene it plays.
func _is_at_work() -> bool:
	return _session != null or _evaluator != null or _is_launched


func _begin_window(delta: float) -> void:
	_interval = get_action_repeat()
	_crew.sign_up(get_tree())
	if _evaluator != null:
		_evaluator.take_over(_crew.pilots)
	elif _session == null:
		_look_for_trainer()
	_settle()
	if _session != null:
		_exchange(delta)
	elif _evaluator != null:
		_go_on_evaluating(delta)
	_ticks_left = _interval
	if _crew.has_newcomers or _must_restart:
		_late_hook.is_due = true
	if _must_restart:
		_ticks_left = 1
	if _has_stopped or _must_restart or not _hold_up.reason.is_empty():
		return
	var problem: String = _crew.decide(0)
	if _evaluator != null and not problem.is_empty():
		_fail_evaluation(problem)


func _settle() -> void:
	if _crew.is_settled(_interval):
		return
	var may_spread: bool = _settings.may_spread and _session == null and _evaluator == null
	var inherited: RLAgent.Mode = _settings.get_inherited_mode(_is_launched)
	_crew.settle(inherited, _settings.policy, _session != null, _interval, may_spread)


func _look_for_trainer() -> void:
	if not _is_launched:
		_settle()
		if _crew.trainees.is_empty():
			return
	if _search == null:
		_search = RlTrainerSearch.new(_options.get_int("port", _settings.port), _is_launched)
	if _search.look():
		_session = RlTrainingSession.new(_search.connection, _settings.row_limits)
		_session.action_repeat = get_action_repeat()
		_session.scene_action_repeat = _settings.action_repeat
		_crew.unsettle()
	elif _is_launched:
		_stop(0 if _search.connection.is_closed else 1)


func _exchange(delta: float) -> void:
	match _session.exchange(_crew.pilots, _crew.trainees):
		RlTrainingSession.RlOutcome.RESET:
			_must_restart = true
			_go_on()
		RlTrainingSession.RlOutcome.ACTION:
			_go_on()
		RlTrainingSession.RlOutcome.CLOSED:
			_stop(0)
		RlTrainingSession.RlOutcome.FAILED:
			_stop(1)
		RlTrainingSession.RlOutcome.ABSENT:
			_interval = 1
			_wait(RlHoldUp.NO_AGENTS, delta)


func _go_on_evaluating(delta: float) -> void:
	if not _evaluator.problem.is_empty():
		_fail_evaluation(_evaluator.problem)
	elif _crew.pilots.is_empty():
		_interval = 1
		_wait(RlHoldUp.NO_AGENTS, delta)
	else:
		_go_on()
		_evaluator.note_decision()


## Nobody presses a button while a trainer waits: if an episode is over, the next one begins, which
## may unpause the game.
func _wait_paused(delta: float) -> void:
	if not _is_at_work():
		return
	if _has_started and _crew.has_ended_episode():
		_ticks_left = 0
		_late_hook.is_due = true
	_was_paused = true
	_wait(RlHoldUp.PAUSED, delta)


## Waits another tick. That the trainer is gone is noticed meanwhile.
func _wait(reason: String, delta: float) -> void:
	var is_worth_a_word: bool = _hold_up.hold(reason, delta)
	if is_worth_a_word or _hold_up.is_fault:
		var missing: PackedStringArray = []
		if _session != null:
			missing = _session.get_missing_policies()
		_tell(_hold_up.describe(get_tree(), missing, _crew.pilots.size()))
	var connection: RlTrainerSearch.RlWireConnection = (
		null if _search == null else _search.connection
	)
	if connection != null and Time.get_ticks_msec() >= _next_check_msec:
		_next_check_msec = Time.get_ticks_msec() + CHECK_MSEC
		connection.check()
		if connection.is_closed:
			_stop(0)


func _go_on() -> void:
	if not _hold_up.reason.is_empty() and _hold_up.go_on():
		if _session != null:
			_session.tell_status("")
		elif _evaluator != null:
			_evaluator.tell_status("")


## Says why the game is held up, and gives up if it has been for too long. Who plays by hand may
## wait.
func _tell(message: String) -> void:
	var is_fault: bool = _hold_up.is_fault and not _has_stopped
	if _evaluator != null:
		if is_fault:
			_fail_evaluation(message)
		else:
			_evaluator.tell_status(message)
	elif _session != null:
		if is_fault and _is_launched:
			_session.give_up(_hold_up.reason, message)
			_stop(1)
		else:
			_session.tell_status(message)


func _start() -> void:
	_has_started = true
	_crew.sign_up(get_tree())
	RlPlayedPolicies.tell_of_unused()
	if _evaluator == null:
		return
	_evaluator.action_repeat = get_action_repeat()
	_evaluator.scene_action_repeat = _settings.action_repeat
	_evaluator.take_over(_crew.pilots)
	_evaluator.finished.connect(_stop.bind(0))
	if not _evaluator.problem.is_empty():
		_fail_evaluation(_evaluator.problem)


func _fail_evaluation(message: String) -> void:
	RlEvaluator.print_error(message)
	_stop(1)


func _stop(exit_code: int) -> void:
	_has_stopped = true
	set_physics_process(false)
	get_tree().quit(exit_code)


func _on_close_requested() -> void:
	if _search != null:
		_search.connection.abort()


func _on_tick_ended() -> void:
	if _has_stopped:
		return
	if not _has_started:
		_start()
	if _has_stopped:
		return
	# Who came in this window decides in the next one.
	_crew.sign_up(get_tree())
	if _evaluator != null:
		_evaluator.take_over(_crew.pilots)
	if _must_restart and not _session.reset_seed.is_empty():
		seed(_session.reset_seed[0])
		_crew.rng.seed = _session.reset_seed[0]
	_crew.end_tick((_interval - _ticks_left) % _interval, _must_restart)
	_must_restart = false
	if RlSceneProbe.is_wanted(_options):
		_probed_ticks += 1
		if not _crew.pilots.is_empty() or _probed_ticks > LONGEST_PROBE:
			RlSceneProbe.look_at(_crew.pilots)
			_stop(0)
