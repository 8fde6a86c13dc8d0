@tool
extends RefCounted
## Something in the open scene that a policy can be assigned to: an agent, or the RLSync.

enum RlFit { UNKNOWN, GOOD, BAD }

const RlPolicyFit := preload("../runtime/policy_fit.gd")
const RlSceneChecks := preload("../runtime/scene_checks.gd")

## The RLAgent or RLSync.
var node: Node
## The policy file that is meant for it, a res:// path.
var path: String
var fit: RlFit = RlFit.UNKNOWN
## Why it does not fit, with what is expected and found.
var problems: PackedStringArray = []


func _init(target: Node, policy_path: String) -> void:
	node = target
	path = policy_path


## Compares the policy with the agent. The RLSync takes any.
func check(policy: RLPolicy) -> void:
	problems = []
	fit = RlFit.UNKNOWN
	if not node is RLAgent:
		return
	problems = RlSceneChecks.get_policy_problems(node, policy)
	if not problems.is_empty():
		fit = RlFit.BAD
	elif RlPolicyFit.can_check(node):
		fit = RlFit.GOOD


## Whether it is the RLSync, whose policy plays all agents that have none of their own.
func is_sync() -> bool:
	return node is RLSync


## Where it is in its scene.
func title() -> String:
	var root: Node = node.get_tree().edited_scene_root
	return str(root.get_path_to(node)) if root != node else str(node.name)


## The file of the policy that it has now; "" if it has none.
func present_path() -> String:
	var policy: Resource = node.get(&"policy")
	return policy.resource_path if policy != null else ""
