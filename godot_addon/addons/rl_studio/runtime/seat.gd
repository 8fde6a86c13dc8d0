extends RefCounted
## One agent's row in the messages to a trainer. Keeps its place when the agent is freed.

const ActionSpace := preload("action_space.gd")
const Episode := preload("episode.gd")
const Observation := preload("observation.gd")

## Where the agent was when training began, for messages.
var path: String
var policy_name: String
var action_space: ActionSpace
var observation_sizes: Dictionary[String, int]
## Why the agent cannot be trained. Empty = all is well.
var problem: String = ""

var observation_json: String = "{}"
var reward: float = 0.0
var done: bool = false
var info_json: String = "{}"

var _agent: RLAgent
var _episode: Episode
var _is_gone: bool = false


func _init(agent: RLAgent) -> void:
	_agent = agent
	_episode = agent.episode
	path = str(agent.get_path())
	policy_name = agent.policy_name
	action_space = ActionSpace.new(agent._get_action_space())
	problem = action_space.problem
	var observation: Observation = Observation.new(agent._get_observation())
	observation_sizes = observation.get_sizes()
	if problem.is_empty():
		problem = observation.problem
	if problem.is_empty():
		problem = _check_names()


## Returns the agent, or null if it is gone.
func get_agent() -> RLAgent:
	if not is_instance_valid(_agent) or not _agent.is_inside_tree():
		return null
	return _agent


## Gathers what the trainer gets for the window that was closed.
func collect() -> void:
	reward = 0.0
	done = false
	info_json = "{}"
	if get_agent() == null:
		_collect_absence()
		return
	_observe()
	if _agent.finished_episode != null:
		_report_end(_agent.finished_episode)
		_agent.finished_episode = null
	else:
		_take_reward(_agent.episode)
	_episode = _agent.episode


## Gathers the first observation after a reset.
func collect_first() -> void:
	collect()
	reward = 0.0
	done = false
	info_json = "{}"


func _observe() -> void:
	var observation: Observation = Observation.new(_agent._get_observation())
	problem = observation.problem
	if problem.is_empty():
		problem = observation.find_bad_number()
	if problem.is_empty() and observation.get_sizes() != observation_sizes:
		problem = (
			"the observation changed: %s at the start, now %s"
			% [observation_sizes, observation.get_sizes()]
		)
	if problem.is_empty():
		observation_json = observation.to_json()


func _take_reward(episode: Episode) -> void:
	reward = episode.take_reward()
	if not is_finite(reward):
		problem = "the reward is %s" % reward


func _report_end(finished: Episode) -> void:
	done = true
	_take_reward(finished)
	var terminal: Observation = Observation.new(finished.terminal_observation)
	var bad: String = terminal.find_bad_number()
	if not bad.is_empty():
		problem = "at the end of the episode %s" % bad
	var info: PackedStringArray = [
		'"TimeLimit.truncated":%s' % finished.truncated,
		'"terminal_observation":%s' % terminal.to_json(),
		'"metrics":%s' % JSON.stringify(finished.metrics),
	]
	if finished.get_success() != null:
		info.append('"is_success":%s' % finished.get_success())
	info_json = "{%s}" % ",".join(info)


## The agent was freed: its episode ends with what it saw last, and nothing follows.
func _collect_absence() -> void:
	if _is_gone:
		return
	_is_gone = true
	push_warning("RL Studio: agent %s was freed in training; its row goes on empty." % path)
	if _episode.is_over:
		_report_end(_episode)
		return
	done = true
	_episode.close_window()
	_take_reward(_episode)
	info_json = '{"TimeLimit.truncated":true,"terminal_observation":%s}' % observation_json


func _check_names() -> String:
	if observation_sizes.is_empty():
		return "_get_observation returned nothing"
	for key: String in observation_sizes:
		if "2d" in key:
			return (
				'the observation name "%s" contains "2d", which godot-rl reads as an image; rename it'
				% key
			)
		if observation_sizes[key] == 0:
			return 'the observation "%s" is empty' % key
	return ""
