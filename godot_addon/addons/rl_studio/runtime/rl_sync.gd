@tool
@icon("../icons/rl_sync.svg")
class_name RLSync
extends Node
## Drives all [RLAgent]s of a scene: connects them to a trainer, to their policies or to a player.
##
## Add one to the scene you run. Every [member action_repeat] physics ticks it lets each agent
## observe and decide; in between the game goes on by itself.

enum Mode { AUTO, HUMAN, TRAINING, POLICY }

const Crew := preload("crew.gd")
const EnginePace := preload("engine_pace.gd")
const Evaluator := preload("evaluator.gd")
const LateHook := preload("late_hook.gd")
const LaunchOptions := preload("launch_options.gd")
const Listener := preload("listener.gd")
const Pilot := preload("pilot.gd")
const PlayedPolicies := preload("played_policies.gd")
const SceneChecks := preload("scene_checks.gd")
const SceneProbe := preload("scene_probe.gd")
const TrainerSearch := preload("trainer_search.gd")
const TrainingSession := preload("training_session.gd")
const Watchdog := preload("watchdog.gd")

const GROUP: StringName = &"rl_studio_syncs"
const DEFAULT_PORT: int = 11008
const FIRST_PRIORITY: int = -(1 << 30)

## Who steers the agents. Auto: a trainer if it launched the game, else the policy if there is
## one, else the player.
@export var mode: Mode = Mode.AUTO:
	set(value):
		mode = value
		_crew.unsettle()
## Physics ticks from one decision to the next. A trainer can set its own.
@export_range(1, 60, 1, "or_greater", "suffix:ticks") var action_repeat: int = 8
## Plays all agents that have no policy of their own. Can be null.
@export var policy: RLPolicy:
	set(value):
		policy = value
		_crew.unsettle()
		update_configuration_warnings()
## Many agents that policies play take turns within the ticks of [member action_repeat], so that no
## frame has to bear the decisions of all. Off: they all decide in the same tick, as in training.
@export var spread_decisions: bool = true
## Where to look for a trainer in training mode. A trainer that launches the game sets its own.
@export_range(1, 65535) var port: int = DEFAULT_PORT

var _options: LaunchOptions = LaunchOptions.new(PackedStringArray())
var _pace: EnginePace = EnginePace.new()
var _crew: Crew = Crew.new()
var _late_hook: LateHook = null
var _evaluator: Evaluator = null
var _search: TrainerSearch = null
var _session: TrainingSession = null
## Ticks until the end of the window. The first tick only lets the scene settle.
var _ticks_left: int = 1
## Ticks of the window.
var _interval: int = 1
var _has_started: bool = false
var _has_stopped: bool = false
var _must_restart: bool = false
@warning_ignore("unused_private_class_variable")
var _is_listening: bool = _listen()


func _ready() -> void:
	set_physics_process(false)
	var listener: Listener = Listener.new()
	add_child(listener, false, Node.INTERNAL_MODE_BACK)
	listener.scene_changed.connect(update_configuration_warnings)
	listener.close_requested.connect(_on_close_requested)
	if Engine.is_editor_hint():
		return
	if get_tree().get_first_node_in_group(GROUP) != self:
		push_error("RL Studio: %s is a second RLSync; only the first one works." % get_path())
		return
	process_physics_priority = FIRST_PRIORITY
	set_physics_process(true)
	_late_hook = LateHook.new(_on_tick_ended)
	add_child(_late_hook, false, Node.INTERNAL_MODE_BACK)
	if Evaluator.is_wanted(_options):
		_evaluator = Evaluator.new(_options)
	if _evaluator != null or _is_launched():
		var speedup: float = _options.get_float("speedup", 0.0)
		_pace.apply(get_tree(), _options.has("rl_studio_fixed_fps"), speedup, action_repeat)


func _physics_process(_delta: float) -> void:
	if _ticks_left == 0:
		_begin_window()
	elif _crew.turns.are_spread:
		_crew.decide(_interval - _ticks_left)
	_ticks_left -= 1
	if _ticks_left == 0 or _crew.turns.are_spread:
		_late_hook.is_due = true
	for pilot: Pilot in _crew.players:
		if pilot.get_agent() != null:
			pilot.play()


func _get_configuration_warnings() -> PackedStringArray:
	return SceneChecks.get_sync_problems(self)


## Returns whether a trainer is connected.
func is_training() -> bool:
	return _session != null and not _has_stopped


## Reads the arguments before any `_ready` of the scene draws random numbers.
func _read_options() -> void:
	add_to_group(GROUP)
	_options = LaunchOptions.new(OS.get_cmdline_args() + OS.get_cmdline_user_args())
	action_repeat = maxi(1, _options.get_int("action_repeat", action_repeat))
	if _options.has("env_seed"):
		seed(_options.get_int("env_seed", 0))
		_crew.rng.seed = _options.get_int("env_seed", 0)


func _listen() -> bool:
	if Engine.is_editor_hint():
		return false
	tree_entered.connect(_read_options)
	tree_exiting.connect(_on_tree_exiting)
	return true


func _is_launched() -> bool:
	return _options.has("port")


func _begin_window() -> void:
	_interval = action_repeat
	_ticks_left = _interval
	_crew.sign_up(get_tree())
	if _session == null and _evaluator == null:
		_look_for_trainer()
	var may_spread: bool = spread_decisions and _session == null and _evaluator == null
	_crew.settle(_get_inherited_mode(), policy, _session, _interval, may_spread)
	if _crew.has_newcomers:
		_late_hook.is_due = true
	if _session != null:
		_exchange()
	if _has_stopped or _must_restart:
		return
	var problem: String = _crew.decide(0)
	if _evaluator != null and not problem.is_empty():
		_fail_evaluation(problem)


func _get_inherited_mode() -> RLAgent.Mode:
	match mode:
		Mode.HUMAN:
			return RLAgent.Mode.HUMAN
		Mode.TRAINING:
			return RLAgent.Mode.TRAINING
		Mode.POLICY:
			return RLAgent.Mode.POLICY
	return RLAgent.Mode.TRAINING if _is_launched() else RLAgent.Mode.INHERIT


func _look_for_trainer() -> void:
	var inherited: RLAgent.Mode = _get_inherited_mode()
	if not _is_launched() and _crew.get_agents(inherited, true).is_empty():
		return
	if _search == null:
		_search = TrainerSearch.new(_options.get_int("port", port), _is_launched())
	if _search.look():
		_session = TrainingSession.new(
			_search.connection,
			_crew.get_agents(inherited, false),
			_crew.get_agents(inherited, true)
		)
		_crew.unsettle()
		var watchdog: Watchdog = Watchdog.new(_search.connection)
		watchdog.trainer_lost.connect(_stop.bind(0))
		add_child(watchdog, false, Node.INTERNAL_MODE_BACK)
	elif _is_launched():
		_stop(0 if _search.connection.is_closed else 1)


func _exchange() -> void:
	match _session.exchange():
		TrainingSession.Outcome.RESET:
			_must_restart = true
			_ticks_left = 1
		TrainingSession.Outcome.CLOSED:
			_stop(0)
		TrainingSession.Outcome.FAILED:
			_stop(1)


func _start() -> void:
	_has_started = true
	_crew.sign_up(get_tree())
	PlayedPolicies.tell_of_unused()
	if _evaluator == null:
		return
	_evaluator.take_over(_crew.pilots)
	_evaluator.finished.connect(_stop.bind(0))
	if not _evaluator.problem.is_empty():
		_fail_evaluation(_evaluator.problem)


func _fail_evaluation(message: String) -> void:
	Evaluator.print_error(message)
	_stop(1)


func _stop(exit_code: int) -> void:
	_has_stopped = true
	set_physics_process(false)
	get_tree().quit(exit_code)


func _on_close_requested() -> void:
	if _search != null:
		_search.connection.abort()


## Without this node nobody would talk to the trainer any more.
func _on_tree_exiting() -> void:
	_pace.restore()
	if not is_training() or _search.connection.is_closed:
		return
	_session.give_up(
		"the RLSync left the scene in training: start over in _begin_episode, not with a new scene"
	)
	if _is_launched():
		_stop(1)


func _on_tick_ended() -> void:
	if _has_stopped:
		return
	if not _has_started:
		_start()
	if _must_restart and not _session.reset_seed.is_empty():
		seed(_session.reset_seed[0])
		_crew.rng.seed = _session.reset_seed[0]
	_crew.end_tick((_interval - _ticks_left) % _interval, _must_restart)
	_must_restart = false
	if SceneProbe.is_wanted(_options):
		SceneProbe.look_at(_crew.pilots)
		_stop(0)
