@tool
extends RefCounted
## What the open scene has for policies to be assigned to. Agents of scenes within it are told
## apart: a property set on them here would not be saved.

const RlAgentTarget := preload("agent_target.gd")
const RlPolicyFiles := preload("policy_files.gd")
const RlSceneChecks := preload("../runtime/scene_checks.gd")

## Whether a scene is open at all.
var is_open: bool = false
## What the open scene is called.
var title: String = ""
## Agents whose policy name is that of a file, then the RLSync.
var targets: Array[RlAgentTarget] = []
## Agents of other names; only if no agent has the right one.
var others: Array[RlAgentTarget] = []
## By the scene file they are from, how many agents of the right name are in scenes within.
var elsewhere: Dictionary[String, int] = {}
## The files that are gone, not imported, or no policies.
var broken: PackedStringArray = []


## Looks at the scene with [param root] (null: none is open) for [param files], paths by policy.
func _init(root: Node, files: Dictionary[String, String]) -> void:
	if root == null or files.is_empty():
		return
	is_open = true
	var file: String = root.scene_file_path.get_file()
	title = file if file != "" else str(root.name)
	var policies: Dictionary[String, RLPolicy] = _load_policies(files)
	var strangers: Array[Node] = []
	for agent: Node in RlSceneChecks.find_agents(root):
		var policy: String = str(agent.get(&"policy_name"))
		if not files.has(policy):
			strangers.append(agent)
		elif policies[files[policy]] == null:
			continue
		elif is_saved_with(agent, root):
			targets.append(_make(agent, files[policy], policies))
		else:
			var home: String = agent.owner.scene_file_path
			elsewhere[home] = elsewhere.get(home, 0) + 1
	var only: String = files.values()[0]
	if files.size() > 1 or policies[only] == null:
		return
	if targets.is_empty() and elsewhere.is_empty():
		for agent: Node in strangers:
			if is_saved_with(agent, root):
				others.append(_make(agent, only, policies))
	for sync: Node in RlSceneChecks.find_syncs(root):
		if is_saved_with(sync, root):
			targets.append(_make(sync, only, policies))


## Whether there is nothing at all to assign to.
func is_empty() -> bool:
	return targets.is_empty() and others.is_empty()


## Whether the editor cannot tell of some agents if their policy fits.
func has_unknown() -> bool:
	return (targets + others).any(
		func(target: RlAgentTarget) -> bool:
			return target.fit == RlAgentTarget.RlFit.UNKNOWN and not target.is_sync()
	)


## Whether properties of [param node] are saved with the scene of [param root].
static func is_saved_with(node: Node, root: Node) -> bool:
	var owner: Node = node.owner
	while node != root and owner != root:
		if owner == null or not root.is_editable_instance(owner):
			return false
		owner = owner.owner
	return true


func _load_policies(files: Dictionary[String, String]) -> Dictionary[String, RLPolicy]:
	var policies: Dictionary[String, RLPolicy] = {}
	for path: String in files.values():
		policies[path] = RlPolicyFiles.find(path)
		if policies[path] == null:
			broken.append(path)
	return policies


func _make(node: Node, path: String, policies: Dictionary[String, RLPolicy]) -> RlAgentTarget:
	var target: RlAgentTarget = RlAgentTarget.new(node, path)
	target.check(policies[path])
	return target
