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
##
## @tutorial(How to write an agent): res://addons/rl_studio/manual/agents.md
## @tutorial(How policies play): res://addons/rl_studio/manual/playing.md

## The agent starts over: the first observation of the new episode has not been taken yet.
signal episode_began
## An episode has ended. [param reward] is the sum of its rewards, [param length] its number of
## decisions (not of physics ticks), and [param truncated] tells that it was cut off.
signal episode_ended(reward: float, length: int, truncated: bool)

enum Mode {
	## As [member RLSync.mode] says.
	INHERIT,
	## The player, by [method _get_human_action], in every physics tick.
	HUMAN,
	## The trainer; if there is none, as [constant POLICY].
	TRAINING,
	## [member policy], else [member RLSync.policy].
	POLICY,
}

const RlEpisode := preload("episode.gd")
const RlNotices := preload("notices.gd")

## The group that all agents in the tree are in.
const GROUP: StringName = &"rl_studio_agents"

## Counts all agents that came, went or got another mode or policy, for [RLSync] to notice.
static var changes: int = 0

## Agents with the same name learn one policy together. Their observations must have the same names
## and sizes, and their actions must be the same. Several names need the trainer RLlib.
@export var policy_name: String = "shared_policy"
## Who steers this agent.
@export var mode: RLAgent.Mode = RLAgent.Mode.INHERIT:
	set(value):
		mode = value
		changes += 1
## Plays this agent in policy mode, instead of the policy of [RLSync]. Can be null.
@export var policy: RLPolicy:
	set(value):
		policy = value
		changes += 1
## The output of the policy that has the actions. Empty: [code]output[/code], or the one that the
## file names. Other tools may call it otherwise; several, with commas between them, are read one
## after the other.
@export var policy_output: String = "":
	set(value):
		policy_output = value
		changes += 1
		update_configuration_warnings()
## Draw the actions of a policy at random, as in training, instead of always taking the best ones.
## Several agents then differ, and nobody can learn their moves by heart.
@export var sample_actions: bool = false
## An episode is cut off (truncated) after so many decisions. 0 = never. Set it, so that every
## episode ends: at 60 physics ticks a second and an [member RLSync.action_repeat] of 8, an agent
## makes 7.5 decisions a second.
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


## Override: what the agent sees now. Called in the physics tick of each decision, and once more by
## [method end_episode]. Return an array of numbers, or a Dictionary with a name for each of several
## arrays and [Image]s. A [PackedFloat32Array] is the fastest. Names and sizes must never change.
## Keep numbers between about -1 and 1; the trainer warns of those beyond ±10. The name of an
## [Image] must contain "2d"; it has one channel in the formats L8 and R8, else three.
func _get_observation() -> Variant:
	return PackedFloat32Array()


## Override: what the agent can do, by name. Called once, before its first decision. Two numbers
## from -1 to 1 are [code]{"move": {"action_type": "continuous", "size": 2}}[/code]. One of three
## choices is [code]{"gear": {"action_type": "discrete", "size": 3}}[/code].
func _get_action_space() -> Dictionary:
	return {}


## Override: which choices of the discrete actions are allowed now, one bool for each choice, for
## example [code]{"jump": [true, on_floor]}[/code]. At least one has to be allowed. Actions that are
## left out are not restricted. Called at each decision. Policies in the game and trainers that know
## masks (maskable PPO) then never take another choice.
func _get_action_mask() -> Dictionary:
	return {}


## Override: remember or carry out a decision. By name, a continuous action is a
## [PackedFloat32Array] with [code]size[/code] numbers from -1 to 1, a discrete one an int from 0 to
## [code]size[/code] - 1. Called once for each decision, in human mode in every physics tick.
func _apply_action(_action: Dictionary) -> void:
	pass


## Override: put your part of the world back to a (random) start. Called before the first
## observation of every episode, the first one included.
func _begin_episode() -> void:
	pass


## Override: the player's input, in the form that [method _apply_action] gets. Called in every
## physics tick in human mode. Empty = do nothing.
func _get_human_action() -> Dictionary:
	return {}


## Adds to the reward of the current episode. It may be called at any time and any number of times;
## what is given between two decisions is added up. Ignored after [method end_episode] until the
## next episode begins: give rewards first, and end then.
func add_reward(amount: float) -> void:
	_open_reward += amount


## Ends the episode. [param truncated] says that it was cut off, because time ran out; otherwise it
## was decided (won, lost). The next one begins at the end of the current decision, see
## [method _begin_episode]. Further calls until then do nothing.
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
