extends RefCounted
## Steers one agent while no trainer does: by its policy, by chance or by the player.
##
## A policy that does not fit its agent is reported once and then refused; the game goes on by hand.

const ActionSpace := preload("action_space.gd")
const Observation := preload("observation.gd")

## Draws actions at random, if set.
var rng: RandomNumberGenerator = null
## Plays the agent whatever its own and RLSync's policy are, if set.
var forced_policy: RLPolicy = null
## Why the policy was refused. Empty = it was not.
var problem: String = ""
## The agent has begun its first episode.
var has_begun: bool = false

var _agent: RLAgent
var _action_space: ActionSpace = null
var _policy: RLPolicy = null
var _accepted_policy: RLPolicy = null
var _refused_policy: RLPolicy = null
var _takes_one_array: bool = false


func _init(agent: RLAgent) -> void:
	_agent = agent


## Returns the agent, or null if it has left the scene.
func get_agent() -> RLAgent:
	if not is_instance_valid(_agent) or not _agent.is_inside_tree():
		return null
	return _agent


## Settles who steers the agent until the next decision. [param inherited] is the mode RLSync gives
## to agents without one, [param default_policy] its policy.
func settle(inherited: RLAgent.Mode, default_policy: RLPolicy, is_trained: bool) -> void:
	var mode: RLAgent.Mode = inherited if _agent.mode == RLAgent.Mode.INHERIT else _agent.mode
	_policy = _agent.policy if _agent.policy != null else default_policy
	if rng != null or forced_policy != null:
		mode = RLAgent.Mode.POLICY
		_policy = forced_policy
	if mode == RLAgent.Mode.TRAINING and is_trained:
		_agent.controlled_by = mode
	elif mode != RLAgent.Mode.HUMAN and _can_decide():
		_agent.controlled_by = RLAgent.Mode.POLICY
	else:
		_agent.controlled_by = RLAgent.Mode.HUMAN


## In policy mode: observes, decides and applies. Returns false if the policy does not fit: then
## the player steers.
func decide() -> bool:
	if _agent.controlled_by != RLAgent.Mode.POLICY:
		return false
	var action: Dictionary = _get_space().sample(rng) if rng != null else _ask_policy()
	if action.is_empty():
		_agent.controlled_by = RLAgent.Mode.HUMAN
		return false
	_agent._apply_action(action)
	return true


## Applies the player's input.
func play() -> void:
	var action: Dictionary = _agent._get_human_action()
	if not action.is_empty():
		_agent._apply_action(action)


func _can_decide() -> bool:
	return rng != null or (_policy != null and _policy != _refused_policy)


func _ask_policy() -> Dictionary:
	var observation: Observation = Observation.new(_agent._get_observation())
	if _accepted_policy != _policy:
		var reason: String = _find_misfit(observation)
		if not reason.is_empty():
			return _refuse(reason)
		_accepted_policy = _policy
		_takes_one_array = observation.values.size() == 1
	var output: PackedFloat32Array = []
	if _takes_one_array:
		var only: PackedFloat32Array = observation.values.values()[0]
		output = _policy.run_flat(only)
	else:
		output = _policy.run(observation.values).get("output", output)
	var action: Dictionary = {}
	if not output.is_empty():
		action = _policy.decode_action(output, _get_space().entries)
	if action.is_empty():
		return _refuse("it gave no action that fits the agent's action space")
	return action


func _find_misfit(observation: Observation) -> String:
	if not _policy.is_valid():
		return "; ".join(_policy.get_problems())
	if not observation.problem.is_empty():
		return observation.problem
	if not _get_space().problem.is_empty():
		return _get_space().problem
	var sizes: Dictionary[String, int] = observation.get_sizes()
	var inputs: Dictionary[String, int] = _policy.get_input_sizes()
	for input: String in inputs:
		if sizes.get(input, 0) != inputs[input]:
			return "it expects the observations %s, the agent gives %s" % [inputs, sizes]
	return ""


func _refuse(reason: String) -> Dictionary:
	_refused_policy = _policy
	problem = (
		"policy %s cannot steer agent %s: %s" % [_policy.resource_path, _agent.get_path(), reason]
	)
	push_error("RL Studio: %s. Going on by hand." % problem)
	return {}


func _get_space() -> ActionSpace:
	if _action_space == null:
		_action_space = ActionSpace.new(_agent._get_action_space())
	return _action_space
