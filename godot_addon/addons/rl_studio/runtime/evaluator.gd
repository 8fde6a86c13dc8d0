extends RefCounted
## Plays a number of episodes for `--rl_studio_evaluate=N` and prints them, one line each
## (docs/wire-protocol.md has the arguments and lines).
##
## The episodes of a policy are shared out over its agents: otherwise those whose episodes are short
## would be counted more often. What an agent that leaves has not played, others play.

## All episodes have been counted and printed.
signal finished

const RlEpisode := preload("episode.gd")
const RlLaunchOptions := preload("launch_options.gd")
const RlNotices := preload("notices.gd")
const RlPilot := preload("pilot.gd")
const RlTally := preload("tally.gd")

const RANDOM: String = "random"
const PROGRESS_MSEC: int = 2000

## Why nothing can be evaluated. Empty = all is well.
var problem: String = ""
## Ticks from one decision to the next: as it is, and as the scene has it.
var action_repeat: int = 0
var scene_action_repeat: int = 0

var _episodes: int
## An episode is cut after so many decisions; 0 = never.
var _max_decisions: int
## Actions are drawn as in training, in place of the best ones.
var _samples: bool
## By policy name, what plays its agents: null for chance. "" stands for all names.
var _players: Dictionary[String, RLPolicy] = {}
var _rng: RandomNumberGenerator = RandomNumberGenerator.new()
var _tallies: Dictionary[String, RlTally] = {}
var _known: Dictionary[RlPilot, bool] = {}
var _has_begun: bool = false
var _is_over: bool = false
var _decisions: int = 0
var _next_progress_msec: int = 0
var _told_status: String = ""


static func is_wanted(options: RlLaunchOptions) -> bool:
	return options.has("rl_studio_evaluate")


static func print_error(message: String) -> void:
	print("@ERROR %s" % JSON.stringify({"message": message}))


func _init(options: RlLaunchOptions) -> void:
	_episodes = options.get_int("rl_studio_evaluate", 0)
	_max_decisions = options.get_int("rl_studio_max_decisions", 0)
	_samples = options.has("rl_studio_sample_actions")
	_rng.seed = options.get_int("env_seed", 0)
	if _episodes < 1:
		problem = "--rl_studio_evaluate needs a number of episodes"
	elif not options.has("rl_studio_policies"):
		_load_player("", options.get_text("rl_studio_policy"))
	else:
		var given: Variant = JSON.parse_string(options.get_text("rl_studio_policies"))
		var paths: Dictionary = given if given is Dictionary else {}
		for policy_name: String in paths:
			_load_player(policy_name, str(paths[policy_name]))
		if paths.is_empty():
			problem = "--rl_studio_policies needs an object of policy names and files"


## Takes over agents that have come since the last call, and notices those that have gone. Agents of
## policies that are not evaluated are left as they are.
func take_over(pilots: Array[RlPilot]) -> void:
	if pilots.is_empty() or not problem.is_empty():
		return
	var present: Dictionary[RlPilot, bool] = {}
	var newcomers: Array[RlPilot] = []
	for pilot: RlPilot in pilots:
		present[pilot] = true
		if not _known.has(pilot):
			newcomers.append(pilot)
	for pilot: RlPilot in _known.keys():
		if not present.has(pilot):
			_known.erase(pilot)
			for tally: RlTally in _tallies.values():
				var left: RlTally.RlEntry = tally.leave(pilot)
				if left != null:
					_count(left, left.episode.truncated or not left.episode.is_over)
	for pilot: RlPilot in newcomers:
		_known[pilot] = true
		_welcome(pilot)
	if not _has_begun:
		_begin()


## Notes a decision of all agents: cuts what lasts too long, and tells how far things are.
func note_decision() -> void:
	var longest: RlTally.RlEntry = null
	for tally: RlTally in _tallies.values():
		for entry: RlTally.RlEntry in tally.get_running():
			_decisions += 1
			if longest == null or entry.episode.length > longest.episode.length:
				longest = entry
			if _max_decisions > 0 and entry.episode.length >= _max_decisions - 1:
				entry.is_cut = true
				entry.agent.end_episode(true)
	_print_warnings()
	if longest != null and Time.get_ticks_msec() >= _next_progress_msec:
		_next_progress_msec = Time.get_ticks_msec() + PROGRESS_MSEC
		_print(
			"PROGRESS",
			{
				"decisions": _decisions,
				"agent": longest.path,
				"agent_decisions": longest.episode.length,
			}
		)


## Tells what the game waits for; "" if the wait is over.
func tell_status(message: String) -> void:
	if message != _told_status:
		_told_status = message
		_print("STATUS", {"message": message})


func _load_player(policy_name: String, path: String) -> void:
	if path == RANDOM:
		_players[policy_name] = null
		return
	if not ResourceLoader.exists(path):
		problem = '--rl_studio_policy="%s": there is no such file in the project' % path
		if FileAccess.file_exists(path):
			problem = (
				"%s has not been imported: enable RL Studio in Project Settings > Plugins" % path
			)
		return
	var policy: RLPolicy = load(path) as RLPolicy
	if policy == null:
		problem = '"%s" is not a policy; has the project been imported?' % path
	elif not policy.is_valid():
		problem = "%s: %s" % [path, "; ".join(policy.get_problems())]
	_players[policy_name] = policy


# Shares the episodes out over those that are there now.
func _begin() -> void:
	_has_begun = true
	_next_progress_msec = Time.get_ticks_msec() + PROGRESS_MSEC
	var told: Dictionary = {}
	for policy_name: String in _players:
		if not policy_name.is_empty() and not _tallies.has(policy_name):
			problem = (
				'no agent has the policy name "%s"; there are %s'
				% [policy_name, ", ".join(_get_names())]
			)
	for policy_name: String in _tallies:
		_tallies[policy_name].share_out()
		told[policy_name] = {
			"agents": _tallies[policy_name].get_agent_count(), "episodes": _episodes
		}
	_print(
		"PLAY",
		{
			"policies": told,
			"action_repeat": action_repeat,
			"scene_action_repeat": scene_action_repeat,
		}
	)


func _welcome(pilot: RlPilot) -> void:
	var agent: RLAgent = pilot.get_agent()
	var key: String = "" if _players.has("") else agent.policy_name
	if not _players.has(key):
		return
	pilot.forced_policy = _players[key]
	pilot.rng = _rng if _players[key] == null else null
	if _samples:
		agent.sample_actions = true
	if not _tallies.has(agent.policy_name):
		_tallies[agent.policy_name] = RlTally.new(_episodes)
	var tally: RlTally = _tallies[agent.policy_name]
	tally.join(pilot)
	agent.episode_began.connect(_on_episode_began.bind(pilot, tally))
	agent.episode_ended.connect(_on_episode_ended.bind(pilot, tally))


func _get_names() -> PackedStringArray:
	var names: PackedStringArray = []
	for pilot: RlPilot in _known:
		var agent: RLAgent = pilot.get_agent()
		if agent != null and agent.policy_name not in names:
			names.append(agent.policy_name)
	return names


func _on_episode_began(pilot: RlPilot, tally: RlTally) -> void:
	if _has_begun:
		tally.begin(pilot)


func _on_episode_ended(
	_reward: float, _length: int, truncated: bool, pilot: RlPilot, tally: RlTally
) -> void:
	var entry: RlTally.RlEntry = tally.end(pilot)
	if entry != null:
		_count(entry, truncated)


func _count(entry: RlTally.RlEntry, truncated: bool) -> void:
	var episode: RlEpisode = entry.episode
	var line: Dictionary = {
		"agent": entry.path,
		"policy": entry.policy_name,
		"reward": episode.total_reward,
		"length": maxi(1, episode.length),
		"truncated": truncated,
		"metrics": episode.metrics,
		"is_success": episode.get_success(),
	}
	if entry.is_cut:
		line["cut"] = true
	_print("EPISODE", line)
	var is_over: bool = true
	for tally: RlTally in _tallies.values():
		is_over = is_over and tally.is_complete()
	if is_over and not _is_over:
		_is_over = true
		_print_warnings()
		_print("EVALUATION", {"episodes": _episodes * _tallies.size()})
		finished.emit()


func _print_warnings() -> void:
	for notice: PackedStringArray in RlNotices.take():
		_print("WARNING", {"message": notice[1]})


func _print(tag: String, line: Dictionary) -> void:
	if not _is_over or tag == "EVALUATION" or tag == "WARNING":
		print("@%s %s" % [tag, JSON.stringify(line)])
