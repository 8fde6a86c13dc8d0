extends RefCounted
## One agent's row in the messages to a trainer. Keeps its place when the agent is freed.

const ActionMask := preload("action_mask.gd")
const ActionSpace := preload("action_space.gd")
const Episode := preload("episode.gd")
const Observation := preload("observation.gd")
const SceneChecks := preload("scene_checks.gd")
const SeenSpaces := preload("seen_spaces.gd")

## Where the agent was when training began, for messages.
var path: String
var policy_name: String
var action_space: ActionSpace
var shapes: Dictionary[String, PackedInt32Array]
## Null if the agent has none: it does not override `_get_action_mask`.
var mask: ActionMask = null
## Why the agent cannot be trained. Empty = all is well.
var problem: String = ""

## What the agent sees now, as `_get_observation` returned it.
var observation: Variant = null
## Of the window that was closed.
var reward: float = 0.0
## The episode that ended in that window, or null.
var ended: Episode = null

var _agent: RLAgent
var _episode: Episode
var _is_gone: bool = false


func _init(agent: RLAgent) -> void:
	_agent = agent
	_episode = agent.episode
	path = str(agent.get_path())
	policy_name = agent.policy_name
	action_space = ActionSpace.new(agent._get_action_space())
	if SceneChecks.overrides(agent, "_get_action_mask"):
		mask = ActionMask.new(action_space)
		mask.read(agent._get_action_mask())
	observation = Observation.freeze(agent._get_observation())
	var read: Observation = Observation.new(observation)
	shapes = read.get_shapes()
	for reason: String in [
		action_space.problem, read.problem, read.find_misfit(), "" if mask == null else mask.problem
	]:
		if problem.is_empty():
			problem = reason
	if problem.is_empty():
		SeenSpaces.note(agent, shapes, action_space.entries)


## Gives the agent a mask if its policy is [param masked], else none.
func set_masked(masked: bool) -> void:
	if not masked:
		mask = null
	elif mask == null:
		mask = ActionMask.new(action_space)


## Returns the agent, or null if it is gone.
func get_agent() -> RLAgent:
	if not is_instance_valid(_agent) or not _agent.is_inside_tree():
		return null
	return _agent


## Finds out what the trainer gets for the window that was closed.
func collect() -> void:
	ended = null
	if not is_instance_valid(_agent) or not _agent.is_inside_tree():
		_collect_absence()
		return
	observation = _agent._get_observation()
	if mask != null:
		mask.read(_agent._get_action_mask())
		problem = mask.problem
	ended = _agent.finished_episode
	if ended != null:
		_agent.finished_episode = null
		reward = ended.take_reward()
	else:
		reward = _agent.episode.take_reward()
	_episode = _agent.episode


## The agent was freed: its episode ends with what it saw last, and nothing follows.
func _collect_absence() -> void:
	reward = 0.0
	if _is_gone:
		return
	_is_gone = true
	push_warning("RL Studio: agent %s was freed in training; its row goes on empty." % path)
	if mask != null:
		mask.read({})
	_episode.close_window()
	if not _episode.is_over:
		_episode.finish(true, observation)
	ended = _episode
	reward = ended.take_reward()
