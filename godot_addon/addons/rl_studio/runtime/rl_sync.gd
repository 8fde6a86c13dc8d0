@tool
@icon("../icons/rl_sync.svg")
class_name RLSync
extends Node
## Drives all [RLAgent]s of a scene: connects them to a trainer, to their policies or to a player.
##
## Add one to the scene you run. Every [member action_repeat] physics ticks it lets each agent
## observe and decide; in between the game goes on by itself.

enum Mode { AUTO, HUMAN, TRAINING, POLICY }

const EnginePace := preload("engine_pace.gd")
const Evaluator := preload("evaluator.gd")
const LateHook := preload("late_hook.gd")
const LaunchOptions := preload("launch_options.gd")
const Pilot := preload("pilot.gd")
const SceneChecks := preload("scene_checks.gd")
const TrainerSearch := preload("trainer_search.gd")
const TrainingSession := preload("training_session.gd")

const GROUP: StringName = &"rl_studio_syncs"
const DEFAULT_PORT: int = 11008
const FIRST_PRIORITY: int = -(1 << 30)

## Who steers the agents. Auto: a trainer if it launched the game, else the policy if there is
## one, else the player.
@export var mode: Mode = Mode.AUTO
## Physics ticks from one decision to the next. A trainer can set its own.
@export_range(1, 60, 1, "or_greater", "suffix:ticks") var action_repeat: int = 8
## Plays all agents that have no policy of their own. Can be null.
@export var policy: RLPolicy:
	set(value):
		policy = value
		update_configuration_warnings()
## Where to look for a trainer in training mode. A trainer that launches the game sets its own.
@export_range(1, 65535) var port: int = DEFAULT_PORT

var _options: LaunchOptions = LaunchOptions.new(PackedStringArray())
var _pace: EnginePace = EnginePace.new()
var _evaluator: Evaluator = null
var _search: TrainerSearch = null
var _session: TrainingSession = null
var _pilots: Array[Pilot] = []
var _tick: int = 0
var _has_started: bool = false
var _has_stopped: bool = false
var _must_restart: bool = false


func _notification(what: int) -> void:
	if Engine.is_editor_hint():
		if what == NOTIFICATION_EDITOR_POST_SAVE:
			update_configuration_warnings()
		return
	match what:
		NOTIFICATION_ENTER_TREE:
			_read_options()
		NOTIFICATION_EXIT_TREE:
			_pace.restore()
		NOTIFICATION_WM_CLOSE_REQUEST:
			if _search != null:
				_search.connection.abort()


func _ready() -> void:
	set_physics_process(false)
	if Engine.is_editor_hint():
		return
	if get_tree().get_first_node_in_group(GROUP) != self:
		push_error("RL Studio: %s is a second RLSync; only the first one works." % get_path())
		return
	process_physics_priority = FIRST_PRIORITY
	set_physics_process(true)
	add_child(LateHook.new(_on_tick_ended), false, Node.INTERNAL_MODE_BACK)
	if Evaluator.is_wanted(_options):
		_evaluator = Evaluator.new(_options)
	if _evaluator != null or _is_launched():
		var speedup: float = _options.get_float("speedup", 0.0)
		_pace.apply(_options.has("rl_studio_fixed_fps"), speedup, action_repeat)


func _physics_process(_delta: float) -> void:
	if not _has_started or _has_stopped:
		return
	if _tick == 0:
		_begin_window()
	for pilot: Pilot in _pilots:
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


func _is_launched() -> bool:
	return _options.has("port")


func _begin_window() -> void:
	_sign_up_agents()
	if _session == null and _evaluator == null:
		_look_for_trainer()
	for pilot: Pilot in _pilots:
		var is_trained: bool = _session != null and _session.trains(pilot.get_agent())
		pilot.settle(_get_inherited_mode(), policy, is_trained)
	if _session != null:
		_exchange()
	if _has_stopped or _must_restart:
		return
	for pilot: Pilot in _pilots:
		pilot.decide()
		if _evaluator != null and not pilot.problem.is_empty():
			_fail_evaluation(pilot.problem)
			return


## Notices agents that came or went.
func _sign_up_agents() -> void:
	var known: Array[RLAgent] = []
	for pilot: Pilot in _pilots.duplicate():
		if pilot.get_agent() == null:
			_pilots.erase(pilot)
		else:
			known.append(pilot.get_agent())
	for node: Node in get_tree().get_nodes_in_group(RLAgent.GROUP):
		var agent: RLAgent = node
		if agent not in known:
			_pilots.append(Pilot.new(agent))


func _get_inherited_mode() -> RLAgent.Mode:
	match mode:
		Mode.HUMAN:
			return RLAgent.Mode.HUMAN
		Mode.TRAINING:
			return RLAgent.Mode.TRAINING
		Mode.AUTO when _is_launched():
			return RLAgent.Mode.TRAINING
	return RLAgent.Mode.POLICY


func _get_agents(only_training: bool) -> Array[RLAgent]:
	var agents: Array[RLAgent] = []
	for pilot: Pilot in _pilots:
		var agent: RLAgent = pilot.get_agent()
		var agent_mode: RLAgent.Mode = agent.mode
		if agent_mode == RLAgent.Mode.INHERIT:
			agent_mode = _get_inherited_mode()
		if not only_training or agent_mode == RLAgent.Mode.TRAINING:
			agents.append(agent)
	return agents


func _look_for_trainer() -> void:
	if not _is_launched() and _get_agents(true).is_empty():
		return
	if _search == null:
		_search = TrainerSearch.new(_options.get_int("port", port), _is_launched())
	if _search.look():
		_session = TrainingSession.new(_search.connection, _get_agents(false), _get_agents(true))
	elif _is_launched():
		_stop(0 if _search.connection.is_closed else 1)


func _exchange() -> void:
	match _session.exchange():
		TrainingSession.Outcome.RESET:
			_must_restart = true
		TrainingSession.Outcome.CLOSED:
			_stop(0)
		TrainingSession.Outcome.FAILED:
			_stop(1)


## The first tick only lets the scene settle; then everything begins.
func _start() -> void:
	_has_started = true
	_sign_up_agents()
	if _evaluator == null:
		return
	_evaluator.take_over(_pilots)
	_evaluator.finished.connect(_stop.bind(0))
	if not _evaluator.problem.is_empty():
		_fail_evaluation(_evaluator.problem)


func _fail_evaluation(message: String) -> void:
	Evaluator.print_error(message)
	_stop(1)


func _stop(exit_code: int) -> void:
	_has_stopped = true
	get_tree().quit(exit_code)


func _on_tick_ended() -> void:
	if _has_stopped:
		return
	if not _has_started:
		_start()
	elif not _must_restart:
		_tick = (_tick + 1) % action_repeat
	for pilot: Pilot in _pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null:
			continue
		if _must_restart or not pilot.has_begun:
			pilot.has_begun = true
			agent.restart()
		elif _tick == 0:
			agent.close_window()
	if _must_restart:
		_tick = 0
	_must_restart = false
