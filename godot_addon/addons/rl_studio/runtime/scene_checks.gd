extends RefCounted
## Finds mistakes in a scene while it is edited, for the yellow warning triangles.
##
## Scripts of games are mostly not `@tool`, so in the editor their nodes are placeholders: only
## properties can be read from them, which is why this looks at scripts instead of calling them.

const RlPolicyFit := preload("policy_fit.gd")

const REQUIRED_METHODS: PackedStringArray = [
	"_get_observation", "_get_action_space", "_apply_action"
]


static func find_agents(node: Node) -> Array[Node]:
	var agents: Array[Node] = []
	for candidate: Node in _get_all_nodes(node):
		if candidate is RLAgent:
			agents.append(candidate)
	return agents


static func find_syncs(node: Node) -> Array[Node]:
	var syncs: Array[Node] = []
	for candidate: Node in _get_all_nodes(node):
		if candidate is RLSync:
			syncs.append(candidate)
	return syncs


## Whether the script of [param agent] has its own version of a method of [RLAgent].
static func overrides(agent: Node, method_name: String) -> bool:
	var count: int = 0
	var script: Script = agent.get_script()
	for method: Dictionary in script.get_script_method_list():
		# Overridden methods are listed once for every class that has them.
		count += 1 if method["name"] == method_name else 0
	return count > 1


## Returns what is wrong with [param agent] itself.
static func get_agent_problems(agent: Node) -> PackedStringArray:
	var problems: PackedStringArray = []
	var missing: PackedStringArray = _get_missing_methods(agent)
	if not missing.is_empty():
		problems.append("Extend this node's script and override %s." % ", ".join(missing))
	if str(agent.get(&"policy_name")).is_empty():
		problems.append("The policy name is empty: trainers need one to tell policies apart.")
	problems.append_array(get_policy_problems(agent, agent.get(&"policy")))
	return problems


## Returns why [param policy] cannot play [param agent]; nothing if it is not set.
static func get_policy_problems(agent: Node, policy: Variant) -> PackedStringArray:
	if not policy is RLPolicy:
		return []
	var set_policy: RLPolicy = policy
	if not set_policy.is_valid():
		return ["The policy cannot run: %s." % "; ".join(set_policy.get_problems())]
	if not _get_missing_methods(agent).is_empty():
		return []
	var problems: PackedStringArray = []
	for problem: String in RlPolicyFit.get_problems(set_policy, agent):
		problems.append("The policy does not fit: %s." % problem)
	return problems


static func get_sync_problems(sync: Node) -> PackedStringArray:
	var problems: PackedStringArray = []
	if find_syncs(sync).size() > 1:
		problems.append("This scene has more than one RLSync; only the first one works.")
	var agents: Array[Node] = find_agents(sync)
	if agents.is_empty():
		problems.append("No RLAgent in this scene: add one below each body that shall learn.")
	var seen: PackedStringArray = []
	for agent: Node in agents:
		var found: PackedStringArray = get_agent_problems(agent)
		if agent.get(&"policy") == null:
			found.append_array(get_policy_problems(agent, sync.get(&"policy")))
		for problem: String in found:
			# Many instances of one scene have the same problem; name the first one only.
			if problem not in seen:
				seen.append(problem)
				problems.append("%s: %s" % [agent.name, problem])
	return problems


static func _get_missing_methods(agent: Node) -> PackedStringArray:
	var missing: PackedStringArray = []
	for method_name: String in REQUIRED_METHODS:
		if not overrides(agent, method_name):
			missing.append(method_name)
	return missing


static func _get_all_nodes(node: Node) -> Array[Node]:
	var nodes: Array[Node] = []
	if not node.is_inside_tree():
		return nodes
	var root: Node = node.get_tree().edited_scene_root
	if root == null:
		root = node.get_tree().root
	nodes.append(root)
	nodes.append_array(root.find_children("*", "Node", true, false))
	return nodes
