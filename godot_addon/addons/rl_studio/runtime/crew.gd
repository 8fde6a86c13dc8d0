extends RefCounted
## All agents of a scene, and who steers each until something changes: the trainer, a policy or the
## player.

const RlNotices := preload("notices.gd")
const RlPilot := preload("pilot.gd")
const RlPolicyGroup := preload("policy_group.gd")
const RlTurns := preload("turns.gd")

var pilots: Array[RlPilot] = []
## Of these, those that the player steers.
var players: Array[RlPilot] = []
## Of these, those that are to be trained.
var trainees: Array[RlPilot] = []
## Some have not begun their first episode.
var has_newcomers: bool = false
## In which ticks of the interval agents decide.
var turns: RlTurns = RlTurns.new()
## Draws the actions of agents that sample them.
var rng: RandomNumberGenerator = RandomNumberGenerator.new()

## Of the pilots, those that chance steers; policies have their groups.
var _chancers: Array[RlPilot] = []
var _groups: Dictionary[RLPolicy, RlPolicyGroup] = {}
var _seen_changes: int = -1
var _is_settled: bool = false
var _has_told_of_lack: bool = false


func _init() -> void:
	rng.randomize()


## Notices agents that came or went. Cheap while none did.
func sign_up(tree: SceneTree) -> void:
	if _seen_changes == RLAgent.changes:
		return
	_seen_changes = RLAgent.changes
	_is_settled = false
	var present: Array[RlPilot] = []
	var known: Dictionary[int, bool] = {}
	for pilot: RlPilot in pilots:
		if pilot.get_agent() != null:
			present.append(pilot)
			known[pilot.get_agent().get_instance_id()] = true
	for node: Node in tree.get_nodes_in_group(RLAgent.GROUP):
		var agent: RLAgent = node
		if not known.has(agent.get_instance_id()):
			present.append(RlPilot.new(agent))
			has_newcomers = true
	pilots = present


## Asks for who steers whom to be found out anew: something that decides it has changed.
func unsettle() -> void:
	_is_settled = false


## Returns whether nothing that decides it has changed; [param interval] as for [method settle].
func is_settled(interval: int) -> bool:
	return _is_settled and turns.interval == interval


## Settles who steers whom. [param inherited] is the mode of agents without one of their own, see
## [method RlPilot.settle]; [param has_trainer]: somebody trains them. They take turns within
## [param interval] ticks if they [param may_spread].
func settle(
	inherited: RLAgent.Mode, policy: RLPolicy, has_trainer: bool, interval: int, may_spread: bool
) -> void:
	if _is_settled and turns.interval == interval and turns.may_spread == may_spread:
		return
	_is_settled = true
	_chancers.clear()
	players.clear()
	trainees.clear()
	var deciders: Array[RlPilot] = []
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null:
			continue
		pilot.settle(inherited, policy, has_trainer)
		if pilot.is_to_train(inherited):
			trainees.append(pilot)
		if agent.controlled_by == RLAgent.Mode.POLICY:
			deciders.append(pilot)
		elif agent.controlled_by == RLAgent.Mode.HUMAN:
			players.append(pilot)
			if has_trainer:
				_tell_of_player(agent)
	turns.share_out(pilots, deciders, interval, may_spread)
	_form_groups(deciders)
	_tell_of_lack()


## Lets chance and policies decide for the agents whose [param turn] it is. An agent whose policy
## does not fit goes to the player. Returns why a policy was refused, or "".
func decide(turn: int) -> String:
	var problem: String = ""
	turns.open_windows(turn)
	for pilot: RlPilot in _chancers:
		if pilot.get_agent() != null and pilot.turn == turn and pilot.has_begun:
			pilot.take_a_chance()
	for group: RlPolicyGroup in _groups.values():
		var refused: Array[RlPilot] = group.decide(turn, rng)
		if not refused.is_empty():
			players.append_array(refused)
			_is_settled = false
			problem = group.problem
	return problem


## Returns whether the episode of any agent is over and the next one has not begun.
func has_ended_episode() -> bool:
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent != null and pilot.has_open_window and agent.is_episode_over():
			return true
	return false


## Ends a tick: closes the windows of the agents whose [param next_turn] comes in the next one, and
## begins the first episode of newcomers, or of all if they [param must_restart].
func end_tick(next_turn: int, must_restart: bool) -> void:
	if not must_restart:
		turns.close_windows(next_turn)
	if not (has_newcomers or must_restart):
		return
	has_newcomers = false
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent != null and (must_restart or not pilot.has_begun):
			pilot.has_begun = true
			agent.restart()


func _form_groups(deciders: Array[RlPilot]) -> void:
	var wanted: Dictionary[RLPolicy, RlPolicyGroup] = {}
	for pilot: RlPilot in deciders:
		if pilot.rng != null:
			_chancers.append(pilot)
			continue
		if not wanted.has(pilot.policy):
			# Groups are kept, as they know what they have reported.
			wanted[pilot.policy] = _groups.get_or_add(pilot.policy, RlPolicyGroup.new(pilot.policy))
			wanted[pilot.policy].clear(turns.interval)
		wanted[pilot.policy].add(pilot)
	for policy: RLPolicy in _groups:
		if not wanted.has(policy):
			_groups[policy].clear(turns.interval)


func _tell_of_player(agent: RLAgent) -> void:
	RlNotices.tell(
		"human %s" % agent.policy_name,
		(
			(
				"agent %s is in human mode while others are trained: nobody steers it. Set its mode"
				+ " to Inherit, or to Policy with a policy"
			)
			% agent.get_path()
		)
	)


func _tell_of_lack() -> void:
	var lacking: Array[RlPilot] = pilots.filter(
		func(pilot: RlPilot) -> bool: return pilot.lacks_policy and pilot.get_agent() != null
	)
	if lacking.is_empty() or _has_told_of_lack:
		return
	_has_told_of_lack = true
	var others: String = "" if lacking.size() == 1 else " (and %d more)" % (lacking.size() - 1)
	RlNotices.complain(
		"no policy: %s" % lacking[0].get_agent().get_path(),
		(
			(
				"agent %s%s shall be played by a policy, but neither it nor RLSync has"
				+ " one. Set the property policy, or change the mode. Going on by hand."
			)
			% [lacking[0].get_agent().get_path(), others]
		)
	)
