extends RefCounted
## Counts episodes for `--rl_studio_evaluate=N` and prints them, one line each.
##
## Every agent has a quota: otherwise agents whose episodes are short would be counted more often.

## All episodes have been counted and printed.
signal finished

const LaunchOptions := preload("launch_options.gd")
const Pilot := preload("pilot.gd")

const RANDOM: String = "random"

## Why nothing can be evaluated. Empty = all is well.
var problem: String = ""

var _episodes: int
var _left: Dictionary[Pilot, int] = {}
var _policy: RLPolicy = null
var _rng: RandomNumberGenerator = null


static func is_wanted(options: LaunchOptions) -> bool:
	return options.has("rl_studio_evaluate")


static func print_error(message: String) -> void:
	print("@ERROR %s" % JSON.stringify({"message": message}))


func _init(options: LaunchOptions) -> void:
	_episodes = options.get_int("rl_studio_evaluate", 0)
	var path: String = options.get_text("rl_studio_policy")
	if _episodes < 1:
		problem = "--rl_studio_evaluate needs a number of episodes"
	elif path == RANDOM:
		_rng = RandomNumberGenerator.new()
		_rng.seed = options.get_int("env_seed", 0)
	else:
		_load_policy(path)


## Takes the agents over and shares the episodes out.
func take_over(pilots: Array[Pilot]) -> void:
	if pilots.is_empty():
		problem = "the scene has no RLAgent"
	for index: int in pilots.size():
		var pilot: Pilot = pilots[index]
		pilot.rng = _rng
		pilot.forced_policy = _policy
		var extra: int = 1 if index < _episodes % pilots.size() else 0
		_left[pilot] = floori(float(_episodes) / pilots.size()) + extra
		pilot.get_agent().episode_ended.connect(_on_episode_ended.bind(pilot))


func _load_policy(path: String) -> void:
	if not ResourceLoader.exists(path):
		problem = '--rl_studio_policy="%s": there is no such file in the project' % path
		return
	_policy = load(path) as RLPolicy
	if _policy == null:
		problem = '--rl_studio_policy="%s": not a policy; has the project been imported?' % path
	elif not _policy.is_valid():
		problem = "%s: %s" % [path, "; ".join(_policy.get_problems())]


func _on_episode_ended(reward: float, length: int, truncated: bool, pilot: Pilot) -> void:
	if _left[pilot] == 0:
		return
	_left[pilot] -= 1
	var agent: RLAgent = pilot.get_agent()
	var line: Dictionary = {
		"agent": str(agent.get_path()),
		"policy": agent.policy_name,
		"reward": reward,
		"length": length,
		"truncated": truncated,
		"metrics": agent.finished_episode.metrics,
		"is_success": agent.finished_episode.get_success(),
	}
	print("@EPISODE %s" % JSON.stringify(line))
	if _left.values().max() == 0:
		print("@EVALUATION %s" % JSON.stringify({"episodes": _episodes}))
		finished.emit()
