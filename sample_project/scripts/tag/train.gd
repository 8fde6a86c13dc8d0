extends Node2D
## Many rounds of tag at once. Launched with `--scripted=evader` (or pursuer), only the other side
## is trained: for trainers that know a single policy.

const ARGUMENT: String = "--scripted="


func _ready() -> void:
	for argument: String in OS.get_cmdline_args() + OS.get_cmdline_user_args():
		if argument.begins_with(ARGUMENT):
			_script_side(argument.trim_prefix(ARGUMENT))


func _script_side(side: String) -> void:
	for node: Node in get_tree().get_nodes_in_group(RLAgent.GROUP):
		var agent: RLAgent = node
		if agent.policy_name == side:
			agent.mode = RLAgent.Mode.HUMAN
