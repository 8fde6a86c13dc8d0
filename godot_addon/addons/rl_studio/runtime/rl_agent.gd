@icon("../icons/rl_agent.svg")
class_name RLAgent
extends Node
## Something that observes, acts and is rewarded: the eyes and hands of one learner in your scene.
##
## Add it below the body it steers, attach a script that extends RLAgent and override
## [method _get_observation], [method _get_action_space], [method _apply_action] and usually
## [method _begin_episode]. Give rewards with [method add_reward] and end episodes with
## [method end_episode]. One [RLSync] node in the scene drives all agents; its warnings in the scene
## tree are those of its agents, too.

## The agent starts over: the first observation of the new episode has not been taken yet.
signal episode_began
## An episode has been counted. [param length] is in decisions, not in physics ticks.
signal episode_ended(reward: float, length: int, truncated: bool)

enum Mode { INHERIT, HUMAN, TRAINING, POLICY }

const RlEpisode := preload("episode.gd")
const RlNotices := preload("notices.gd")

const GROUP: StringName = &"rl_studio_agents"

## Counts all agents that came, went or got another mode or policy, for [RLSync] to notice.
static var changes: int = 0

## Agents with the same name learn one policy together and must have the same spaces.
@export var policy_name: String = "shared_policy"
## Who steers this agent. Inherit: whatever [RLSync] says.
@export var mode: RLAgent.Mode = RLAgent.Mode.INHERIT:
	set(value):
		mode = value
		changes += 1
## Plays this agent in policy mode, instead of the policy of [RLSync]. Can be null.
@export var policy: RLPolicy:
	set(value):
		policy = value
		changes += 1
## Draw the actions of a policy at random, as in training, instead of always taking the best ones.
## Several agents then differ, and nobody can learn their moves by heart.
@export var sample_actions: bool = false
## Decisions after which an episode is cut off (truncated). 0 = never.
@export_range(0, 10000, 1, "or_greater", "suffix:decisions") var max_episode_steps: int = 0

## The episode going on. Belongs to [RLSync].
var episode: RlEpisode = RlEpisode.new()
## The episode that ended in the last window of decisions, or null. Belongs to [RLSync].
var finished_episode: RlEpisode = null
## Who steers this agent now, never [constant INHERIT]. Belongs to [RLSync].
var controlled_by: RLAgent.Mode = RLAgent.Mode.HUMAN

## Added since it was last counted. Rewards come many times a tick; this is the fastest way.
var _open_reward: float = 0.0
## The tick in which an episode ended last.
var _ended_in_frame: int = -1
# Neither _init nor _enter_tree: agents that override those forget `super`.
@warning_ignore("unused_private_class_variable")
var _is_listening: bool = _listen()


## Override: what the agent perceives, as an array of floats (sent as "obs") or a Dictionary of
## such arrays. Sizes must never change. Keep values around -1 to 1. A PackedFloat32Array is the
## fastest. An [Image] in the Dictionary is a picture; its name must contain "2d".
func _get_observation() -> Variant:
	return PackedFloat32Array()


## Override: what the agent can do, for example
## [code]{"move": {"action_type": "continuous", "size": 2}}[/code] or
## [code]{"jump": {"action_type": "discrete", "size": 2}}[/code] (size = number of choices).
func _get_action_space() -> Dictionary:
	return {}


## Override: which choices of the discrete actions are allowed now, for example
## [code]{"jump": [true, on_floor]}[/code]. Actions left out are allowed altogether, and so are all
## if this is empty. Trainers that know masks then never take another choice.
func _get_action_mask() -> Dictionary:
	return {}


## Override: remember or carry out a decision. Continuous actions are PackedFloat32Arrays clamped
## to -1 … 1, discrete ones are ints. Called once a decision, in human mode every physics tick.
func _apply_action(_action: Dictionary) -> void:
	pass


## Override: put your part of the world back to a (random) start. Called before every episode.
func _begin_episode() -> void:
	pass


## Override: the player's input as an action, used in human mode. Empty = do nothing.
func _get_human_action() -> Dictionary:
	return {}


## Adds to the reward of the current episode. Ignored after [method end_episode] until the next
## episode begins, so reward first and end then.
func add_reward(amount: float) -> void:
	_open_reward += amount


## Ends the episode: with [param truncated] because time ran out, without because it is decided.
## The next one begins at the end of the current decision (see [method _begin_episode]).
func end_episode(truncated: bool = false) -> void:
	if not episode.is_over:
		_count_reward()
		episode.finish(truncated, _get_observation())
		_ended_in_frame = Engine.get_physics_frames()
		_tell_of_lost_reward.call_deferred()


## Records a number about the current episode, such as [code]&"is_success"[/code] (0 or 1), which
## gives the success rate. The last value of an episode counts.
func log_metric(metric: StringName, value: float) -> void:
	if not episode.log_metric(metric, value):
		# Later on the game only waits for the next episode, and may say it again.
		if _ended_in_frame == Engine.get_physics_frames() and is_inside_tree():
			_tell_of_loss('the metric "%s"' % metric)


## True between [method end_episode] and the beginning of the next episode.
func is_episode_over() -> bool:
	return episode.is_over


## True if a player steers this agent now.
func is_human() -> bool:
	return controlled_by == RLAgent.Mode.HUMAN


## Forgets the current episode and begins the next one. [RLSync] calls this.
func begin_episode() -> void:
	episode = RlEpisode.new()
	_open_reward = 0.0
	_begin_episode()
	episode_began.emit()


## Forgets what was collected so far, and goes on as it is. [RLSync] calls this when training of the
## agent begins in the middle of its episode.
func count_anew() -> void:
	finished_episode = null
	if not episode.is_over:
		episode = RlEpisode.new()
		_open_reward = 0.0


## Counts a decision; ends and begins episodes as due. [RLSync] calls this at the end of a window.
func close_window() -> void:
	if max_episode_steps > 0 and episode.length + 1 >= max_episode_steps:
		end_episode(true)
	if _ended_in_frame == Engine.get_physics_frames():
		_tell_of_lost_reward()
	_count_reward()
	episode.close_window()
	if episode.is_over:
		finished_episode = episode
		episode_ended.emit(episode.total_reward, episode.length, episode.truncated)
		begin_episode()


## Forgets everything that has not been reported to a trainer yet. [RLSync] calls this.
func restart() -> void:
	finished_episode = null
	begin_episode()


func _listen() -> bool:
	if Engine.is_editor_hint():
		return false
	tree_entered.connect(_on_tree_entered)
	tree_exiting.connect(_on_tree_exiting)
	return true


## The episode ignores what comes after its end.
func _count_reward() -> void:
	episode.add_reward(_open_reward)
	_open_reward = 0.0


## What was given after the end, but in the same tick, was meant for the episode. What comes in the
## ticks until the next episode begins is not.
func _tell_of_lost_reward() -> void:
	if episode.is_over and not is_zero_approx(_open_reward):
		_tell_of_loss("a reward of %s" % String.num(_open_reward, 4))


func _tell_of_loss(what: String) -> void:
	var script: String = RlNotices.name_script(self)
	RlNotices.tell(
		"lost %s" % script,
		(
			"%s: %s came after end_episode() and is lost; give rewards and metrics first, then end"
			% [script, what]
		)
	)


func _on_tree_entered() -> void:
	add_to_group(GROUP)
	changes += 1


func _on_tree_exiting() -> void:
	_count_reward()
	changes += 1
