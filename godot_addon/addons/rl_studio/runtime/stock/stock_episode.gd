extends RefCounted
## One episode of an agent of godot_rl_agents, as a trainer would see it.

const RlStockNodes := preload("stock_nodes.gd")

var agent: Node
var path: String
var reward: float = 0.0
var length: int = 0
var is_over: bool = false
## It ended without being decided.
var truncated: bool = false
## It was ended because it lasted too long.
var is_cut: bool = false
## The agent is done, but has not begun anew yet.
var expects_reset: bool = false

var _steps: int
var _has_begun: bool = false
var _info: Dictionary = {}


func _init(of_agent: Node) -> void:
	agent = of_agent
	path = str(agent.get_path())
	_steps = RlStockNodes.get_steps(agent)


## Reads what the last decision has led to, just before the next one.
func take_decision() -> void:
	var gained: float = agent.call(&"get_reward")
	agent.call(&"zero_reward")
	var is_done: bool = agent.call(&"get_done")
	var steps: int = RlStockNodes.get_steps(agent)
	var has_begun_anew: bool = steps < _steps
	_steps = steps
	if not _has_begun:
		# What happened before anybody decided belongs to no episode.
		_has_begun = true
		return
	reward += gained
	length += 1
	if is_done:
		is_over = true
		expects_reset = not has_begun_anew
		if agent.has_method(&"get_info"):
			_info = agent.call(&"get_info")
	elif has_begun_anew and expects_reset:
		expects_reset = false
	elif has_begun_anew:
		is_over = true
		truncated = true


## Ends the episode, which lasts too long, as a trainer would.
func cut() -> void:
	is_over = true
	truncated = true
	is_cut = true
	expects_reset = true
	agent.set(&"needs_reset", true)


## Begins with the decision that ended the episode before, whose agent may not have begun anew.
func follow(awaits_reset: bool) -> void:
	_has_begun = true
	expects_reset = awaits_reset


## The episode as a line of an evaluation.
func describe(policy_name: String) -> Dictionary:
	var metrics: Dictionary = {}
	for key: Variant in _info:
		if typeof(_info[key]) in [TYPE_BOOL, TYPE_INT, TYPE_FLOAT]:
			var number: float = type_convert(_info[key], TYPE_FLOAT)
			metrics[str(key)] = number
	var line: Dictionary = {
		"agent": path,
		"policy": policy_name,
		"reward": reward,
		"length": length,
		"truncated": truncated,
		"metrics": metrics,
		"is_success": metrics.get("is_success"),
	}
	if is_cut:
		line["cut"] = true
	return line
