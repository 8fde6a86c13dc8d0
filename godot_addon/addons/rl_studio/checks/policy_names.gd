@tool
extends RefCounted
## Whether the agents of a scene follow more policies than the trainer trains, as far as files tell.

const RlFinding := preload("finding.gd")
const RlSceneTree := preload("scene_tree.gd")
const RlScripts := preload("scripts.gd")

## What RLAgent and the agents of godot_rl_agents have for policy_name.
const STANDARD: String = "shared_policy"

static var _assignment: RegEx = RegEx.create_from_string("\\bpolicy_name\\s*=[^=]")


## What is to be said of [param agents], of which a single policy would be trained.
static func check(agents: Array[RlSceneTree.RlNode], scripts: RlScripts) -> Array[RlFinding]:
	var first: Dictionary[String, RlSceneTree.RlNode] = {}
	for agent: RlSceneTree.RlNode in agents:
		if _sets_it(agent, scripts):
			return []  # what it is then, only the game knows
		var text: String = agent.properties.get("policy_name", STANDARD)
		first.get_or_add(text.trim_prefix("&").trim_prefix('"').trim_suffix('"'), agent)
	if first.size() < 2:
		return []
	var told: PackedStringArray = []
	for policy: String in first:
		told.append("%s (%s)" % [policy, first[policy].path])
	var finding: RlFinding = RlFinding.new(
		"many_policies",
		(
			"The agents have the policies %s; the chosen trainer trains a single one."
			% ", ".join(told)
		),
		"Choose a trainer of many policies, or give all agents the same policy_name.",
		RlFinding.RlFix.OPEN_SCENE
	)
	var odd: RlSceneTree.RlNode = first.values()[1]
	finding.severity = RlFinding.RlSeverity.WARNING
	finding.node = odd.path
	finding.at(odd.file, odd.line)
	return [finding]


static func _sets_it(agent: RlSceneTree.RlNode, scripts: RlScripts) -> bool:
	for path: String in scripts.lineage(agent.script_path):
		if path.begins_with(RlScripts.OURS):
			continue
		if scripts.facts(path) != null and _assignment.search(scripts.facts(path).text) != null:
			return true
	return false
