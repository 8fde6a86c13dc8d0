extends RefCounted
## Lets given policies play a scene of a game with the nodes of godot_rl_agents, without any change
## of it: whatever the scene says, they play the agents of their names.
##
## Given they are on the command line, for an evaluation, or in the environment, by the editor.

const RlLaunchOptions := preload("../launch_options.gd")
const RlPlayedPolicies := preload("../played_policies.gd")
const RlStockEvaluation := preload("stock_evaluation.gd")
const RlStockNodes := preload("stock_nodes.gd")

const RANDOM: String = "random"

static var _current: RefCounted = null
static var _evaluation: RlStockEvaluation = null
static var _rng: RandomNumberGenerator = RandomNumberGenerator.new()
static var _samples: bool = false

## What plays agents, by policy name; "" stands for all names.
var _players: Dictionary[String, String] = {}
var _action_repeat: int


## Looks whether policies are given. Before the first node of the game is there.
static func prepare() -> void:
	if Engine.is_editor_hint() or _current != null:
		return
	var arguments: PackedStringArray = OS.get_cmdline_args() + OS.get_cmdline_user_args()
	var options: RlLaunchOptions = RlLaunchOptions.new(arguments)
	var players: Dictionary[String, String] = _find_players(options)
	if players.is_empty():
		return
	_rng.seed = options.get_int("env_seed", 0)
	_samples = options.has("rl_studio_sample_actions")
	var script: GDScript = load("res://addons/rl_studio/runtime/stock/stock_stage.gd")
	_current = script.new(players, options.get_int("action_repeat", 0))
	if RlStockEvaluation.is_wanted(options):
		_evaluation = RlStockEvaluation.new(options, players)
		_get_tree().root.add_child.call_deferred(_evaluation)


## Tells whoever counts that [param agents] are about to decide.
static func tell_of_decision(agents: Array[Node]) -> void:
	if is_instance_valid(_evaluation):
		_evaluation.note_decision(agents)


## Ends an evaluation: something of it cannot play.
static func tell_of_problem(message: String) -> void:
	if is_instance_valid(_evaluation):
		_evaluation.fail(message)


## Whether actions are drawn as in training, in place of the best ones.
static func samples() -> bool:
	return _samples


## What draws random actions.
static func get_rng() -> RandomNumberGenerator:
	return _rng


static func _get_tree() -> SceneTree:
	return Engine.get_main_loop() as SceneTree


static func _find_players(options: RlLaunchOptions) -> Dictionary[String, String]:
	var given: Variant = null
	if options.has("rl_studio_policy"):
		given = {"": options.get_text("rl_studio_policy")}
	elif options.has("rl_studio_policies"):
		given = JSON.parse_string(options.get_text("rl_studio_policies"))
	elif OS.has_feature("editor") and OS.has_environment(RlPlayedPolicies.VARIABLE):
		given = JSON.parse_string(OS.get_environment(RlPlayedPolicies.VARIABLE))
	var files: Dictionary = given if given is Dictionary else {}
	var players: Dictionary[String, String] = {}
	for policy_name: String in files:
		var file: String = files[policy_name]
		players[policy_name] = RlStockNodes.CHANCE if file == RANDOM else file
	return players


func _init(players: Dictionary[String, String], action_repeat: int) -> void:
	_players = players
	_action_repeat = action_repeat
	_get_tree().node_added.connect(_on_node_added)


func _on_node_added(node: Node) -> void:
	if node is RLSync and is_instance_valid(_evaluation):
		# A game with our own nodes counts by itself.
		_evaluation.queue_free()
	elif RlStockNodes.is_sync(node):
		if _action_repeat > 0:
			node.set(&"action_repeat", _action_repeat)
		var first: String = _players.values()[0]
		var file: String = _players.get("", first)
		RlStockNodes.prepare_sync(node, file)
		if is_instance_valid(_evaluation):
			_evaluation.sync = node
	elif RlStockNodes.is_agent(node):
		var policy_name: String = RlStockNodes.get_policy_name(node)
		var file: String = _players.get(policy_name, _players.get("", ""))
		if not file.is_empty():
			RlStockNodes.assign(node, file)
