extends Node
## Counts episodes of agents of godot_rl_agents for [code]--rl_studio_evaluate=N[/code] and prints
## them as the evaluation of our own agents does (docs/wire-protocol.md has the lines).
##
## An episode is what a trainer would see: it ends when the agent says that it is done, with the
## rewards as they are read before each decision. An agent that begins anew without being done, as
## after its [code]reset_after[/code] steps, has been cut off.

const RlLaunchOptions := preload("../launch_options.gd")
const RlStockEpisode := preload("stock_episode.gd")
const RlStockNodes := preload("stock_nodes.gd")

const PROGRESS_MSEC: int = 2000
## Physics ticks without any decision after which nobody is expected to decide.
const PATIENCE_TICKS: int = 1800

## The Sync of the game. Null until it is there.
var sync: Node = null

var _players: Dictionary[String, String]
var _episodes: int
var _max_decisions: int
var _running: Dictionary[Node, RlStockEpisode] = {}
## By agent, how many episodes it has still to end.
var _quotas: Dictionary[Node, int] = {}
var _left: Dictionary[String, int] = {}
var _decisions: int = 0
var _ticks: int = 0
var _next_progress_msec: int = 0
var _is_over: bool = false
# Models are made before this is in the tree.
var _tree: SceneTree = Engine.get_main_loop()


static func is_wanted(options: RlLaunchOptions) -> bool:
	return options.has("rl_studio_evaluate")


func _init(options: RlLaunchOptions, players: Dictionary[String, String]) -> void:
	name = "RlStockEvaluation"
	process_mode = Node.PROCESS_MODE_ALWAYS
	_players = players
	_episodes = options.get_int("rl_studio_evaluate", 1)
	_max_decisions = options.get_int("rl_studio_max_decisions", 0)


func _physics_process(_delta: float) -> void:
	_ticks += 1
	if _ticks > PATIENCE_TICKS and not _is_over:
		fail(
			(
				"no agent of godot_rl_agents asked for a decision: is there a Sync in the scene, and are"
				+ " there AIControllers with the policy names that are played?"
			)
		)


## Called before each decision of [param agents], by the model that plays them.
func note_decision(agents: Array[Node]) -> void:
	_ticks = 0
	if _is_over:
		return
	if _left.is_empty():
		_begin()
	var longest: RlStockEpisode = null
	for agent: Node in agents:
		if not _running.has(agent):
			continue
		_decisions += 1
		var episode: RlStockEpisode = _running[agent]
		episode.take_decision()
		if not episode.is_over and _max_decisions > 0 and episode.length >= _max_decisions:
			episode.cut()
		if episode.is_over:
			_count(agent, episode)
			_running[agent] = RlStockEpisode.new(agent)
			_running[agent].follow(episode.expects_reset)
		elif longest == null or episode.length > longest.length:
			longest = episode
	if longest != null and Time.get_ticks_msec() >= _next_progress_msec:
		_next_progress_msec = Time.get_ticks_msec() + PROGRESS_MSEC
		_print(
			"PROGRESS",
			{"decisions": _decisions, "agent": longest.path, "agent_decisions": longest.length}
		)


## Ends the game: it cannot be evaluated.
func fail(message: String) -> void:
	if not _is_over:
		_is_over = true
		_print("ERROR", {"message": message})
		_tree.quit(1)


# Shares the episodes of each policy out over its agents.
func _begin() -> void:
	var by_policy: Dictionary[String, Array] = {}
	for agent: Node in _tree.get_nodes_in_group(RlStockNodes.GROUP):
		var policy_name: String = RlStockNodes.get_policy_name(agent)
		if _players.has("") or _players.has(policy_name):
			var crew: Array = by_policy.get_or_add(policy_name, [])
			crew.append(agent)
	var told: Dictionary = {}
	for policy_name: String in by_policy:
		var crew: Array = by_policy[policy_name]
		_left[policy_name] = _episodes
		told[policy_name] = {"agents": crew.size(), "episodes": _episodes}
		for index: int in crew.size():
			var agent: Node = crew[index]
			_running[agent] = RlStockEpisode.new(agent)
			_quotas[agent] = floori(float(_episodes) / crew.size())
			_quotas[agent] += 1 if index < _episodes % crew.size() else 0
	for policy_name: String in _players:
		if not policy_name.is_empty() and not _left.has(policy_name):
			fail('no agent has the policy name "%s"' % policy_name)
	var repeat: Variant = sync.get(&"action_repeat") if sync != null else null
	_print("PLAY", {"policies": told, "action_repeat": repeat, "scene_action_repeat": repeat})


func _count(agent: Node, episode: RlStockEpisode) -> void:
	if _quotas[agent] <= 0:
		return
	_quotas[agent] -= 1
	var policy_name: String = RlStockNodes.get_policy_name(agent)
	_left[policy_name] -= 1
	_print("EPISODE", episode.describe(policy_name))
	if _left.values().max() == 0:
		_is_over = true
		_print("EVALUATION", {"episodes": _episodes * _left.size()})
		_tree.quit()


func _print(tag: String, line: Dictionary) -> void:
	print("@%s %s" % [tag, JSON.stringify(line)])
