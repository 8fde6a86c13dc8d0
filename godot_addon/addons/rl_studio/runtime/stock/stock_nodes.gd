extends RefCounted
## What nodes of godot_rl_agents can be asked, whichever version of that plugin a game has. Its
## classes are not ours, and games may have agents in C# that only have the same names.

## A file of this name stands for random actions: Sync wants a file that is there.
const CHANCE: String = "res://addons/rl_studio/runtime/stock/stock_nodes.gd"
const GROUP: StringName = &"AGENT"
## What agents of versions are called that know no policy names.
const DEFAULT_POLICY: String = "shared_policy"


## Whether [param node] is a Sync: it drives the agents.
static func is_sync(node: Node) -> bool:
	return &"onnx_model_path" in node and node.has_method(&"connect_to_server")


## Whether [param node] is an agent (an AIController).
static func is_agent(node: Node) -> bool:
	return node.has_method(&"get_obs") and node.has_method(&"set_action")


## The agents that [param model] plays, in the order in which Sync asks for them.
static func find_players(model: Resource) -> Array[Node]:
	var tree: SceneTree = Engine.get_main_loop() as SceneTree
	var all: Array[Node] = tree.get_nodes_in_group(GROUP)
	var its_own: Array[Node] = []
	for agent: Node in all:
		if agent.get(&"onnx_model") == model:
			its_own.append(agent)
	# Older versions have one model for all agents.
	return all if its_own.is_empty() else its_own


static func get_action_space(agent: Node) -> Dictionary:
	return agent.call(&"get_action_space") if agent != null else {}


static func get_policy_name(agent: Node) -> String:
	var told: Variant = agent.get(&"policy_name")
	return DEFAULT_POLICY if told == null else str(told)


## Physics ticks since its episode began, as the agent itself counts them.
static func get_steps(agent: Node) -> int:
	var told: Variant = agent.get(&"n_steps")
	return told if told is int else 0


## Lets the policy in [param file] play an agent, whatever the scene says, before it is ready.
static func assign(agent: Node, file: String) -> void:
	if &"control_mode" in agent and &"onnx_model_path" in agent:
		var modes: Dictionary = agent.get(&"ControlModes")
		agent.set(&"control_mode", modes["ONNX_INFERENCE"])
		agent.set(&"onnx_model_path", file)


## Prepares a Sync for agents that policies play, before it is ready. [param file] plays them all in
## older versions; in newer ones they have files of their own.
static func prepare_sync(sync: Node, file: String) -> void:
	var agents_have_own: bool = &"agents_inference" in sync
	if not agents_have_own:
		sync.set(&"onnx_model_path", file)
	if not &"control_mode" in sync:
		return
	var modes: Dictionary = sync.get(&"ControlModes")
	if not agents_have_own:
		sync.set(&"control_mode", modes["ONNX_INFERENCE"])
	elif sync.get(&"control_mode") == modes["TRAINING"]:
		# There is no trainer to wait for.
		sync.set(&"control_mode", modes["HUMAN"])
