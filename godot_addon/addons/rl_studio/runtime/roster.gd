extends RefCounted
## The agents that are trained: in which row of which group each sits, and who waits for a row.

const RlNotices := preload("notices.gd")
const RlPilot := preload("pilot.gd")
const RlSeat := preload("seat.gd")
const RlWireGroup := preload("wire_group.gd")

## The version in plugin.cfg, which exported games do not have.
const ADDON_VERSION: String = "0.1.0"

## In the order of the wire.
var groups: Array[RlWireGroup] = []
## What makes training impossible, naming the agent, and its code on the wire. Empty = nothing.
var problem: String = ""
var code: String = ""
## By policy, how many agents have no row.
var waiting: Dictionary[String, int] = {}
## Those that took a row since this was emptied: [policy, row, path].
var born: Array[Array] = []
## [member waiting] or [member born] has changed since this was set to false.
var has_news: bool = false
## The rows in the order in which JSON has them, that of the scene: [group, row].
var places: Array[Array] = []

var _by_policy: Dictionary[String, RlWireGroup] = {}
## By instance id, agents that have a row.
var _seated: Dictionary[int, bool] = {}
var _row_limits: Dictionary[String, int]
## Of [member RLAgent.changes], when all had been looked at. Cheap while none came or went.
var _seen_changes: int = -1
## Trainers know what groups are like.
var _is_open: bool = false


## [param row_limits]: by policy, its number of rows where the game says so.
func _init(row_limits: Dictionary[String, int]) -> void:
	_row_limits = row_limits


## Gives each of [param pilots] a row: those are the agents at the beginning of training.
func open(pilots: Array[RlPilot]) -> void:
	var counts: Dictionary[String, int] = {}
	for pilot: RlPilot in pilots:
		var policy: String = pilot.get_agent().policy_name
		counts[policy] = counts.get(policy, 0) + 1
	if counts.is_empty():
		_fail("no agent is to be trained: add an RLAgent, or set the mode of RLSync to Auto")
	for policy: String in counts:
		if policy.is_empty():
			_fail("agent %s: the policy name is empty" % _find_path(pilots, policy))
			return
		var limit: int = _row_limits.get(policy, counts[policy])
		_add_group(policy, limit)
	admit(pilots)
	for entry: Array in born:
		places.append([_by_policy[entry[0]], entry[1]])
	for group: RlWireGroup in groups:
		for seat: RlSeat in group.present:
			seat.set_masked(group.is_masked)
	_is_open = true


## Returns whether anybody of [param pilots] has a row or would get one.
func has_anybody(pilots: Array[RlPilot]) -> bool:
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null or not pilot.has_begun:
			continue
		if groups.is_empty() or _seated.has(agent.get_instance_id()):
			return true
		var group: RlWireGroup = _by_policy.get(agent.policy_name)
		if group == null or group.find_free_row() >= 0 or _has_absent(group):
			return true
	return false


## Frees the rows of agents that have left, then gives rows to those of [param pilots] that have
## none. Returns whether any row has changed hands.
func admit(pilots: Array[RlPilot]) -> bool:
	if _seen_changes == RLAgent.changes and waiting.is_empty():
		return false
	_seen_changes = RLAgent.changes
	var has_changed: bool = _dismiss()
	var left_out: Dictionary[String, int] = {}
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null or _seated.has(agent.get_instance_id()):
			continue
		if not pilot.has_begun:
			_seen_changes = -1  # look again
			continue
		var group: RlWireGroup = _by_policy.get(agent.policy_name)
		if group == null:
			_refuse_policy(agent)
			return has_changed
		var row: int = group.find_free_row()
		if row < 0:
			left_out[group.policy] = left_out.get(group.policy, 0) + 1
			continue
		var seat: RlSeat = RlSeat.new(pilot)
		if not _check(seat, group):
			return has_changed
		group.put(row, seat)
		seat.begin()
		_seated[agent.get_instance_id()] = true
		born.append([group.policy, row, seat.path])
		has_changed = true
	if left_out != waiting:
		waiting = left_out
		has_news = true
		_tell_of_waiting()
	if has_changed:
		has_news = true
		for group: RlWireGroup in groups:
			group.list_present()
	return has_changed


## Sets the rows of all groups, as [[policy, rows], ...] in the order of the wire. Returns whether
## that is possible; else [member problem] says why not.
func set_rows(wanted: Array) -> bool:
	var ordered: Array[RlWireGroup] = []
	for entry: Variant in wanted:
		if not entry is Array or len(entry) != 2 or not entry[0] is String:
			return _fail("rows are given as [policy, number]; got %s" % [entry])
		var policy: String = entry[0]
		var count: int = entry[1]
		if not _by_policy.has(policy):
			_add_group(policy, 0)
		_by_policy[policy].set_rows(count)
		_seen_changes = -1
		ordered.append(_by_policy[policy])
	for group: RlWireGroup in groups:
		if group not in ordered:
			return _fail('the rows of policy "%s" are missing' % group.policy)
	groups = ordered
	return true


## Returns the answer to `env_info`; [param binary_version] is 0 if JSON was agreed on.
func describe(binary_version: int, action_repeat: int, scene_repeat: int) -> Dictionary:
	var observation_spaces: Array[Dictionary] = []
	var action_spaces: Array[Dictionary] = []
	var names: PackedStringArray = []
	var paths: PackedStringArray = []
	for place: Array in places if binary_version == 0 else _list_rows():
		var group: RlWireGroup = place[0]
		var seat: RlSeat = group.seats[place[1]]
		var space: Dictionary = {}
		for key: String in group.shapes:
			space[key] = {"space": "box", "size": group.shapes[key]}
		observation_spaces.append(space)
		action_spaces.append(group.action_space.entries)
		names.append(group.policy)
		paths.append("" if seat == null else seat.path)
	var masked: PackedStringArray = []
	for group: RlWireGroup in groups:
		if group.is_masked:
			masked.append(group.policy)
	return {
		"type": "env_info",
		"observation_space": observation_spaces,
		"action_space": action_spaces,
		"n_agents": names.size(),
		"agent_policy_names": names,
		"rl_studio":
		{
			"addon_version": ADDON_VERSION,
			"binary": binary_version,
			"agent_paths": paths,
			"masked_policies": masked,
			"fixed_rows": _row_limits.keys(),
			"action_repeat": action_repeat,
			"scene_action_repeat": scene_repeat,
		},
	}


func _list_rows() -> Array[Array]:
	var rows: Array[Array] = []
	for group: RlWireGroup in groups:
		for row: int in group.rows:
			rows.append([group, row])
	return rows


func _add_group(policy: String, count: int) -> void:
	var group: RlWireGroup = RlWireGroup.new(policy)
	group.set_rows(count)
	groups.append(group)
	_by_policy[policy] = group


func _has_absent(group: RlWireGroup) -> bool:
	return group.present.any(func(seat: RlSeat) -> bool: return seat.get_agent() == null)


func _dismiss() -> bool:
	var has_changed: bool = false
	for group: RlWireGroup in groups:
		for row: int in group.taken:
			if group.seats[row].get_agent() == null:
				group.put(row, null)
				has_changed = true
	if has_changed:
		_seated.clear()
		for group: RlWireGroup in groups:
			for seat: RlSeat in group.seats:
				if seat != null:
					_seated[seat.get_agent().get_instance_id()] = true
	return has_changed


# The spaces of a policy are those of its first agent.
func _check(seat: RlSeat, group: RlWireGroup) -> bool:
	if not seat.problem.is_empty():
		code = "needs_drawing" if seat.needs_drawing else "data"
		return _fail("agent %s: %s" % [seat.path, seat.problem])
	if group.action_space == null:
		group.learn(seat.shapes, seat.action_space, seat.path)
	elif group.shapes != seat.shapes:
		code = "spaces"
		return _fail(
			(
				'agents %s and %s share the policy "%s" but observe different things: %s and %s'
				% [group.first_path, seat.path, group.policy, group.shapes, seat.shapes]
			)
		)
	elif group.action_space.entries != seat.action_space.entries:
		code = "spaces"
		return _fail(
			(
				'agents %s and %s share the policy "%s" but can do different things: %s and %s'
				% [
					group.first_path,
					seat.path,
					group.policy,
					group.action_space.entries,
					seat.action_space.entries,
				]
			)
		)
	if seat.mask != null and seat.action_space.mask_width > 0 and not group.is_masked:
		if _is_open and group.first_path != seat.path:
			code = "spaces"
			return _fail(
				(
					"agent %s has an action mask; agent %s of the same policy has none"
					% [seat.path, group.first_path]
				)
			)
		group.is_masked = true
	seat.set_masked(group.is_masked)
	return true


# Where the game limits the rows; else trainers add some.
func _tell_of_waiting() -> void:
	for policy: String in waiting:
		if _row_limits.has(policy):
			var seconds: float = (
				Engine.get_physics_frames() / float(Engine.physics_ticks_per_second)
			)
			(
				RlNotices
				. tell(
					"waiting %s" % policy,
					(
						(
							'%d agents of the policy "%s" wait, since second %.1f of the game: agent_rows'
							+ " of the RLSync has room for %d"
						)
						% [waiting[policy], policy, seconds, _row_limits[policy]]
					)
				)
			)


func _refuse_policy(agent: RLAgent) -> void:
	code = "policy"
	_fail(
		(
			(
				'agent %s has the policy "%s", which no agent had when training began: name it in'
				+ " agent_rows of the RLSync, and training waits for its first agent"
			)
			% [agent.get_path(), agent.policy_name]
		)
	)


func _find_path(pilots: Array[RlPilot], policy: String) -> String:
	for pilot: RlPilot in pilots:
		if pilot.get_agent().policy_name == policy:
			return str(pilot.get_agent().get_path())
	return ""


func _fail(reason: String) -> bool:
	problem = reason
	return false
