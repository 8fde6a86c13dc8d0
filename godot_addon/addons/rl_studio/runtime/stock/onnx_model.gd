extends Resource
## Runs an [code].onnx[/code] file for a game with the nodes of godot_rl_agents, in place of that
## plugin's own wrapper, which needs .NET. [code]rl-studio install-addon --stock[/code] puts it
## there.
##
## Its Sync makes one of these for each file and asks it once for each agent and decision. Members
## that Sync reads have the names that it knows.

const RlActionDecoder := preload("../policy/action_decoder.gd")
const RlActionLayout := preload("action_layout.gd")
const RlNotices := preload("../notices.gd")
const RlStockDriver := preload("stock_driver.gd")
const RlStockNodes := preload("stock_nodes.gd")
const RlStockObservation := preload("stock_observation.gd")
const RlStockStage := preload("stock_stage.gd")

## Reads files that nothing has imported. Exported games have only imported ones.
const LOADER: String = "res://addons/rl_studio/import/onnx_loader.gd"
const OUTPUT: String = "output"
const LOG_STD: String = "log_std"
const STATE_INPUT: String = "state_ins"
const STATE_OUTPUT: String = "state_outs"

## How many numbers the network puts out.
var action_output_size: int = 0
## Whether these are the means of continuous actions and nothing else.
var action_means_only: bool = false
## Whether Sync has told the actions of its agents. It does so if it reads logits for discrete ones.
var action_means_only_set: bool = false

var _path: String
var _policy: RLPolicy = null
var _layout: RlActionLayout = null
## Draws actions. Null = the best ones are taken.
var _decoder: RlActionDecoder = null
var _observation: RlStockObservation
## The agents of this decision in the order in which Sync asks, and how many it has asked for.
var _agents: Array[Node] = []
var _asked: int = 0
var _tick: int = -1
var _has_refused: bool = false
## By agent: what it remembers, and its steps when that was written.
var _memories: Dictionary[Node, PackedFloat32Array] = {}
var _steps: Dictionary[Node, int] = {}


## This script is there before the first node of a game.
static func _static_init() -> void:
	RlStockStage.prepare()


func _init(model_path: String, _batch_size: int = 1) -> void:
	_path = model_path
	if _path != RlStockNodes.CHANCE:
		_policy = _load()
	if _policy != null:
		_observation = RlStockObservation.new(_policy)
		action_output_size = _policy.get_output_sizes().get(OUTPUT, 0)
	RlStockDriver.take_over(self)


## Takes note of the actions of the agents.
func set_action_means_only(agent_action_space: Dictionary) -> void:
	action_means_only_set = true
	_lay_out(agent_action_space)
	action_means_only = _layout.has_only_means


## Decides for the next agent: [param obs] is what it sees, by name, or as one array in games with
## an older plugin. Returns the row that Sync reads, as [code]output[/code].
func run_inference(obs: Variant, _state_ins: float) -> Dictionary:
	var agent: Node = _take_turn()
	if _layout == null:
		_lay_out(RlStockNodes.get_action_space(agent))
	if _policy == null:
		return {OUTPUT: _layout.make_random(RlStockStage.get_rng())}
	var inputs: Dictionary[String, PackedFloat32Array] = _observation.read(obs)
	if not _observation.problem.is_empty():
		_refuse(_observation.problem)
		return {OUTPUT: _layout.make_nothing()}
	var memory_size: int = _policy.get_memory_size()
	if memory_size > 0:
		inputs[STATE_INPUT] = _recall(agent, memory_size)
	var outputs: Dictionary[String, PackedFloat32Array] = _policy.run(inputs)
	if not outputs.has(OUTPUT):
		# Why was said by the policy.
		return {OUTPUT: _layout.make_nothing()}
	if memory_size > 0 and agent != null:
		_memories[agent] = outputs[STATE_OUTPUT]
	var row: Array
	if _decoder != null:
		var log_stds: PackedFloat32Array = outputs.get(LOG_STD, PackedFloat32Array())
		row = _layout.write(_decoder.sample(outputs[OUTPUT], log_stds, RlStockStage.get_rng()))
	else:
		row = _layout.arrange(outputs[OUTPUT])
	if _layout.found_nan or (_decoder != null and _decoder.found_nan):
		RlNotices.tell(
			"nan %s" % _path, "%s computes nan from what an agent sees; it counts as 0" % _path
		)
	return {OUTPUT: row, STATE_OUTPUT: []}


## The action of the next agent, where nobody has to read it from a row.
func decide(obs: Dictionary) -> Dictionary:
	var row: Array = run_inference(obs, 1.0)[OUTPUT]
	return _layout.read(row)


func _load() -> RLPolicy:
	var found: RLPolicy = null
	var problem: String = "there is no such policy"
	if ResourceLoader.exists(_path):
		found = load(_path) as RLPolicy
	if found == null and ResourceLoader.exists(LOADER):
		var script: GDScript = load(LOADER)
		var loader: RefCounted = script.new()
		loader.call(&"load_file", _path)
		found = loader.get(&"policy")
		problem = str(loader.get(&"problem"))
	if found != null and found.is_valid() and found.get_output_sizes().has(OUTPUT):
		return found
	if found != null:
		problem = "; ".join(found.get_problems())
		if problem.is_empty():
			problem = 'no output is named "%s"' % OUTPUT
	_refuse(problem.trim_prefix("%s: " % _path))
	return null


func _lay_out(space: Dictionary) -> void:
	_layout = RlActionLayout.new(
		space,
		{} if _policy == null else _policy.metadata,
		action_output_size,
		action_means_only_set
	)
	if not _layout.problem.is_empty():
		_refuse(_layout.problem)
	elif _policy != null and RlStockStage.samples():
		_decoder = RlActionDecoder.new(space, _policy.metadata, action_output_size)
		if not _decoder.problem.is_empty():
			_refuse(_decoder.problem)


## Tells once why the policy cannot play. Its agents then do nothing.
func _refuse(problem: String) -> void:
	if not _has_refused:
		_has_refused = true
		push_error("RL Studio: %s cannot play: %s" % [_path, problem])
		RlStockStage.tell_of_problem("%s cannot play: %s" % [_path, problem])


## The agent that is asked for now. Can be null.
func _take_turn() -> Node:
	var tick: int = Engine.get_physics_frames()
	if tick != _tick or _asked >= _agents.size():
		_tick = tick
		_asked = 0
		_agents = RlStockNodes.find_players(self)
		RlStockStage.tell_of_decision(_agents)
	_asked += 1
	return _agents[_asked - 1] if _asked <= _agents.size() else null


## What an agent remembers; nothing if it has begun anew.
func _recall(agent: Node, size: int) -> PackedFloat32Array:
	var memory: PackedFloat32Array = []
	memory.resize(size)
	if agent == null:
		return memory
	var steps: int = RlStockNodes.get_steps(agent)
	if _memories.has(agent) and steps > _steps.get(agent, 0):
		memory = _memories[agent]
	_steps[agent] = steps
	return memory
