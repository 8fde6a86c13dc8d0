extends RefCounted
## The agents that are trained: their seats, and the groups that share a policy and its spaces.

const Seat := preload("seat.gd")
const WireGroup := preload("wire_group.gd")

## The version in plugin.cfg, which exported games do not have.
const ADDON_VERSION: String = "0.1.0"

## In the order of their numbers on the wire.
var seats: Array[Seat] = []
## In the order of their first agent.
var groups: Array[WireGroup] = []
## What makes training impossible, naming the agent. Empty = nothing.
var problem: String = ""

var _ids: Dictionary[int, bool] = {}


func _init(agents: Array[RLAgent]) -> void:
	for agent: RLAgent in agents:
		seats.append(Seat.new(agent))
		_ids[agent.get_instance_id()] = true
	problem = _find_problem()
	if problem.is_empty():
		_form_groups()


func has(agent: RLAgent) -> bool:
	return _ids.has(agent.get_instance_id())


## Returns the answer to `env_info`; [param binary_version] is 0 if JSON was agreed on.
func describe(binary_version: int) -> Dictionary:
	var observation_spaces: Array[Dictionary] = []
	var action_spaces: Array[Dictionary] = []
	var names: PackedStringArray = []
	var paths: PackedStringArray = []
	for seat: Seat in seats:
		var space: Dictionary = {}
		for key: String in seat.shapes:
			space[key] = {"space": "box", "size": seat.shapes[key]}
		observation_spaces.append(space)
		action_spaces.append(seat.action_space.entries)
		names.append(seat.policy_name)
		paths.append(seat.path)
	var masked: PackedStringArray = []
	for group: WireGroup in groups:
		if group.is_masked:
			masked.append(group.policy)
	return {
		"type": "env_info",
		"observation_space": observation_spaces,
		"action_space": action_spaces,
		"n_agents": seats.size(),
		"agent_policy_names": names,
		"rl_studio":
		{
			"addon_version": ADDON_VERSION,
			"binary": binary_version,
			"agent_paths": paths,
			"masked_policies": masked,
		},
	}


func _find_problem() -> String:
	if seats.is_empty():
		return "no agent is to be trained: add an RLAgent, or set the mode of RLSync to Auto"
	var first: Dictionary[String, Seat] = {}
	for seat: Seat in seats:
		if not seat.problem.is_empty():
			return "agent %s: %s" % [seat.path, seat.problem]
		if seat.policy_name.is_empty():
			return "agent %s: the policy name is empty" % seat.path
		var other: Seat = first.get_or_add(seat.policy_name, seat)
		if other.shapes != seat.shapes or other.action_space.entries != seat.action_space.entries:
			return (
				'agents %s and %s share the policy "%s" but differ in their spaces'
				% [other.path, seat.path, seat.policy_name]
			)
	return ""


func _form_groups() -> void:
	var by_policy: Dictionary[String, WireGroup] = {}
	for index: int in seats.size():
		var seat: Seat = seats[index]
		if not by_policy.has(seat.policy_name):
			by_policy[seat.policy_name] = WireGroup.new(
				seat.policy_name, seat.shapes, seat.action_space
			)
		var group: WireGroup = by_policy[seat.policy_name]
		group.agents.append(index)
		group.is_masked = group.is_masked or seat.mask != null
	groups.assign(by_policy.values())
	for group: WireGroup in groups:
		group.is_masked = group.is_masked and group.action_space.mask_width > 0
		for index: int in group.agents:
			seats[index].set_masked(group.is_masked)
