extends Node
## Decides for agents of godot_rl_agents in place of their Sync, where they see more than
## [code]obs[/code]: most versions of Sync hand policies nothing else, so none with a camera plays.

const RlStockNodes := preload("stock_nodes.gd")

const ONLY_NAME: String = "obs"

var _model: Resource
var _repeat: int
var _ticks: int = 0


## Takes over the agents that [param model] plays if that is needed. Sync has just made the model.
static func take_over(model: Resource) -> void:
	var tree: SceneTree = Engine.get_main_loop() as SceneTree
	for agent: Node in tree.get_nodes_in_group(RlStockNodes.GROUP):
		if not _sees_more(agent):
			continue
		for node: Node in tree.root.find_children("*", "Node", true, false):
			if RlStockNodes.is_sync(node):
				var script: GDScript = load("res://addons/rl_studio/runtime/stock/stock_driver.gd")
				node.set_physics_process(false)
				node.add_child.call_deferred(script.new(node, model))
				return


static func _sees_more(agent: Node) -> bool:
	if not agent.has_method(&"get_obs_space"):
		return false
	var space: Dictionary = agent.call(&"get_obs_space")
	return not space.is_empty() and space.keys() != [ONLY_NAME]


func _init(sync: Node, model: Resource) -> void:
	name = "RlStockDriver"
	_model = model
	var told: Variant = sync.get(&"action_repeat")
	var repeat: int = told if told is int else 1
	_repeat = maxi(1, repeat)


func _physics_process(_delta: float) -> void:
	_ticks += 1
	if (_ticks - 1) % _repeat != 0:
		return
	var agents: Array[Node] = RlStockNodes.find_players(_model)
	var actions: Array[Dictionary] = []
	for agent: Node in agents:
		var sees: Dictionary = agent.call(&"get_obs")
		var action: Dictionary = _model.call(&"decide", sees)
		actions.append(action)
	for index: int in agents.size():
		agents[index].call(&"set_action", actions[index])
		if agents[index].call(&"get_done"):
			agents[index].call(&"set_done_false")
