extends RefCounted
## Steers one agent while no trainer does: settles whether its policy, chance or the player does
## it, and keeps what belongs to the agent alone. What policies decide, groups find out.
##
## A policy that does not fit its agent is refused for good; the game goes on by hand.

const RlActionDecoder := preload("policy/action_decoder.gd")
const RlActionMask := preload("action_mask.gd")
const RlActionSpace := preload("action_space.gd")
const RlEpisode := preload("episode.gd")
const RlNotices := preload("notices.gd")
const RlOutputChoice := preload("policy/output_choice.gd")
const RlPlayedPolicies := preload("played_policies.gd")
const RlSceneChecks := preload("scene_checks.gd")

## By instance id of a script, whether it overrides [method RLAgent._get_action_mask].
static var _masking_scripts: Dictionary[int, bool] = {}

## Draws actions at random, if set.
var rng: RandomNumberGenerator = null
## Plays the agent whatever its own and RLSync's policy are, if set.
var forced_policy: RLPolicy = null
## The agent has begun its first episode.
var has_begun: bool = false
## The agent has decided, or could have, since its last window was closed.
var has_open_window: bool = false
## In which tick of the interval the agent decides.
var turn: int = 0
## What plays the agent in policy mode; null if there is nothing.
var policy: RLPolicy = null
## Reads the policy's output; null until the policy was found to fit.
var decoder: RlActionDecoder = null
## The outputs of the policy that it reads; null as long as [member decoder] is.
var choice: RlOutputChoice = null
## The agent says which choices it may take.
var has_mask: bool
## A policy shall play, but there is none.
var lacks_policy: bool = false

var _agent: RLAgent
var _action_space: RlActionSpace = null
var _mask: RlActionMask = null
var _refused_policy: RLPolicy = null
var _memory: PackedFloat32Array = []
## The episode that the memory is of.
var _episode: RlEpisode = null
var _has_complained: bool = false


func _init(agent: RLAgent) -> void:
	_agent = agent
	forced_policy = RlPlayedPolicies.find(agent.policy_name)
	var script: Script = agent.get_script()
	var id: int = script.get_instance_id()
	if not _masking_scripts.has(id):
		_masking_scripts[id] = RlSceneChecks.overrides(agent, "_get_action_mask")
	has_mask = _masking_scripts[id]


## Returns the agent, or null if it has left the scene.
func get_agent() -> RLAgent:
	if not is_instance_valid(_agent) or not _agent.is_inside_tree():
		return null
	return _agent


## Settles who steers the agent until the next decision. [param inherited] is the mode RLSync gives
## to agents without one, [constant RLAgent.Mode.INHERIT] for a policy if there is one and else the
## player; [param default_policy] is RLSync's policy; [param has_trainer]: agents in training mode
## are trained, or wait until they can be.
func settle(inherited: RLAgent.Mode, default_policy: RLPolicy, has_trainer: bool) -> void:
	var mode: RLAgent.Mode = inherited if _agent.mode == RLAgent.Mode.INHERIT else _agent.mode
	var wanted: RLPolicy = _agent.policy if _agent.policy != null else default_policy
	if rng != null or forced_policy != null:
		mode = RLAgent.Mode.POLICY
		wanted = forced_policy
	if wanted != policy or (choice != null and choice.wanted != _agent.policy_output):
		policy = wanted
		decoder = null
	lacks_policy = mode == RLAgent.Mode.POLICY and policy == null and rng == null
	var can_decide: bool = rng != null or (policy != null and policy != _refused_policy)
	if mode == RLAgent.Mode.TRAINING and has_trainer:
		_agent.controlled_by = mode
	elif mode != RLAgent.Mode.HUMAN and can_decide:
		_agent.controlled_by = RLAgent.Mode.POLICY
	else:
		_agent.controlled_by = RLAgent.Mode.HUMAN
	if _agent.controlled_by != RLAgent.Mode.POLICY:
		_episode = null


## Whether the agent is to be trained; [param inherited] as for [method settle].
func is_to_train(inherited: RLAgent.Mode) -> bool:
	var mode: RLAgent.Mode = inherited if _agent.mode == RLAgent.Mode.INHERIT else _agent.mode
	return mode == RLAgent.Mode.TRAINING and forced_policy == null and rng == null


## Applies the player's input.
func play() -> void:
	var action: Dictionary = _agent._get_human_action()
	if not action.is_empty():
		_agent._apply_action(action)


## Applies an action drawn uniformly from those allowed. Only with [member rng].
func take_a_chance() -> void:
	var action: Dictionary = get_space().sample(rng)
	var allowed: PackedByteArray = get_allowed()
	if not allowed.is_empty():
		_mask.redraw(action, rng)
	_agent._apply_action(action)


## Gives the agent to the player; its policy does not fit.
func refuse_policy() -> void:
	_refused_policy = policy
	_agent.controlled_by = RLAgent.Mode.HUMAN


## Returns what the policy remembered at the agent's last decision, [param size] numbers: zeros at
## the first one of an episode.
func get_memory(size: int) -> PackedFloat32Array:
	if _episode != _agent.episode or _memory.size() != size:
		_episode = _agent.episode
		_memory = PackedFloat32Array()
		_memory.resize(size)
		_memory.fill(0.0)
	return _memory


## Keeps what the policy shall remember at the agent's next decision.
func set_memory(memory: PackedFloat32Array) -> void:
	_memory = memory


func forget() -> void:
	_episode = null


## Returns a byte for each choice of the discrete actions, 0 if it is not allowed; nothing if the
## agent has no mask.
func get_allowed() -> PackedByteArray:
	if not has_mask:
		return PackedByteArray()
	if _mask == null:
		_mask = RlActionMask.new(get_space())
	_mask.read(_agent._get_action_mask())
	if not _mask.problem.is_empty():
		complain("%s; it counts as if it allowed everything" % _mask.problem)
	return _mask.allowed


func get_space() -> RlActionSpace:
	if _action_space == null:
		_action_space = RlActionSpace.new(_agent._get_action_space())
	return _action_space


## Reports something that is wrong with the agent and does not stop it, the first time only.
func complain(reason: String) -> void:
	if not _has_complained:
		_has_complained = true
		var error: String = "agent %s: %s." % [_agent.get_path(), reason]
		RlNotices.complain(error, error)
