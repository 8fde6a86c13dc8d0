extends RefCounted
## One agent in its row of the messages to a trainer, until it leaves the game.

const RlActionMask := preload("action_mask.gd")
const RlActionSpace := preload("action_space.gd")
const RlEpisode := preload("episode.gd")
const RlObservation := preload("observation.gd")
const RlPilot := preload("pilot.gd")
const RlSeenSpaces := preload("seen_spaces.gd")

## Where the agent was when it took its row, for messages.
var path: String
var policy_name: String
var action_space: RlActionSpace
var shapes: Dictionary[String, PackedInt32Array]
## Null if the agent has none: it does not override `_get_action_mask`.
var mask: RlActionMask = null
## Why the agent cannot be trained. Empty = all is well.
var problem: String = ""
## Whether it cannot because nothing is drawn.
var needs_drawing: bool = false

## What the agent sees now, as `_get_observation` returned it.
var observation: Variant = null
## Of the window that was closed.
var reward: float = 0.0
## The episode that ended in that window, or null.
var ended: RlEpisode = null
## The agent has left; its row is free.
var has_left: bool = false

var _agent: RLAgent
var _episode: RlEpisode
## Decisions of that episode that were reported.
var _reported: int = 0


func _init(pilot: RlPilot) -> void:
	_agent = pilot.get_agent()
	_episode = _agent.episode
	_reported = _episode.length
	path = str(_agent.get_path())
	policy_name = _agent.policy_name
	action_space = pilot.get_space()
	if pilot.has_mask:
		mask = RlActionMask.new(action_space)
		mask.read(_agent._get_action_mask())
	observation = RlObservation.freeze(_agent._get_observation())
	var read: RlObservation = RlObservation.new(observation)
	shapes = read.get_shapes()
	needs_drawing = read.needs_drawing
	for reason: String in [
		action_space.problem, read.problem, read.find_misfit(), "" if mask == null else mask.problem
	]:
		if problem.is_empty():
			problem = reason
	if problem.is_empty():
		RlSeenSpaces.note(_agent, shapes, action_space.entries)


## Gives the agent a mask if its policy is [param masked], else none.
func set_masked(masked: bool) -> void:
	if not masked:
		mask = null
	elif mask == null:
		mask = RlActionMask.new(action_space)


## Returns the agent, or null if it is gone: it was freed, taken out of the scene, or given to
## somebody else to steer.
func get_agent() -> RLAgent:
	if not is_instance_valid(_agent) or not _agent.is_inside_tree():
		return null
	if _agent.mode == RLAgent.Mode.HUMAN or _agent.mode == RLAgent.Mode.POLICY:
		return null
	return _agent


## Begins to count: what the agent collected before it had a row was no decision of the trainer's.
func begin() -> void:
	_agent.count_anew()
	_episode = _agent.episode
	_reported = _episode.length
	reward = 0.0
	ended = null


## Finds out what the trainer gets for the window that was closed.
func collect() -> void:
	ended = null
	if get_agent() == null:
		_collect_absence()
		return
	observe()
	ended = _agent.finished_episode
	if ended != null:
		_agent.finished_episode = null
		reward = ended.take_reward()
	else:
		reward = _agent.episode.take_reward()
	_episode = _agent.episode
	_reported = _episode.length


## Takes what the agent sees now.
func observe() -> void:
	observation = _agent._get_observation()
	if mask != null:
		mask.read(_agent._get_action_mask())
		problem = mask.problem


## The agent has left the game: its episode ends with what it saw last, terminated if the game had
## ended it before, else truncated.
func _collect_absence() -> void:
	reward = 0.0
	if has_left:
		return
	has_left = true
	if _episode.length == _reported:
		_episode.close_window()
	if not _episode.is_over:
		_episode.finish(true, observation)
	ended = _episode
	reward = ended.take_reward()
