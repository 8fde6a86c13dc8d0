extends "dialect.gd"
## Resets, actions and steps in binary frames: one matrix per observation, no number looked at.
## Whether numbers are finite the trainer checks, which can do so at once for all.
##
## Only agents that are there are in a frame. Those that acted have rewards and ends, those that are
## there now have observations; a frame says who sits where if that has changed.

const RlEpisode := preload("episode.gd")
const RlGroupRows := preload("group_rows.gd")
const RlWireFrames := preload("wire_frames.gd")
const RlWireGroup := preload("wire_group.gd")

var _frames: RlWireFrames
## By group: what its agents see.
var _rows: Array[RlGroupRows] = []
var _rewards: PackedFloat32Array = []
var _flags: PackedByteArray = []
## Those whose episode ended, and by seat its group's number.
var _ended: Array[RlSeat] = []
var _ended_in: PackedInt32Array = []


func _init(roster: RlRoster) -> void:
	super(roster)
	meet_groups()


## Takes note of groups that are new, or in another order.
func meet_groups() -> void:
	_frames = RlWireFrames.new(_roster.groups)
	_rows.clear()
	for group: RlWireGroup in _roster.groups:
		_rows.append(RlGroupRows.new(group))


func write_first(received_usec: int, pilots: Array[RlPilot]) -> PackedByteArray:
	_roster.admit(pilots)
	if not _check_roster():
		return []
	_frames.recount()
	for group: RlWireGroup in _roster.groups:
		for seat: RlSeat in group.present:
			# What came before the reset is nobody's business any more.
			seat.collect()
			if not seat.problem.is_empty():
				return _blame(seat, seat.problem)
	var blocks: Array[PackedByteArray] = []
	if not _look(blocks):
		return []
	return _frames.write_observation(Time.get_ticks_usec() - received_usec, blocks)


func write_step(received_usec: int, pilots: Array[RlPilot]) -> PackedByteArray:
	problem = ""
	var has_left: bool = _collect()
	if not problem.is_empty():
		return []
	var terminal_blocks: Array[PackedByteArray] = []
	var infos: String = ""
	if not _ended.is_empty():
		infos = _describe_ends()
		if not problem.is_empty():
			return []
		for rows: RlGroupRows in _rows:
			rows.take(terminal_blocks)
	var has_changed: bool = _roster.admit(pilots) or has_left
	if not _check_roster():
		return []
	if has_changed:
		_frames.recount()
	var blocks: Array[PackedByteArray] = []
	if not _look(blocks):
		return []
	var usec: int = Time.get_ticks_usec() - received_usec
	return _frames.write_step(
		usec, _rewards, _flags, has_changed, blocks, terminal_blocks, infos, _ended.size()
	)


## Returns the kind of message; NONE and a [member problem] if there is no such kind.
func read_kind(payload: PackedByteArray) -> RlWireFrames.RlKind:
	var kind: RlWireFrames.RlKind = _frames.read_kind(payload)
	problem = _frames.problem
	return kind


## Returns what a reset says, as [seed] or []; sets [member problem] if it is none.
func read_reset(payload: PackedByteArray) -> PackedInt64Array:
	_frames.read_reset(payload)
	problem = _frames.problem
	if not problem.is_empty() or not _frames.has_seed:
		return []
	return [_frames.reset_seed]


## Carries out the actions of a frame. Returns false if that cannot be done.
func apply_actions(payload: PackedByteArray) -> bool:
	if not _frames.read_actions(payload):
		problem = _frames.problem
		return false
	problem = ""
	for index: int in _roster.groups.size():
		var group: RlWireGroup = _roster.groups[index]
		var continuous: PackedFloat32Array = _frames.continuous[index]
		var discrete: PackedInt32Array = _frames.discrete[index]
		var number: int = 0
		for seat: RlSeat in group.present:
			var agent: RLAgent = seat.get_agent()
			if agent != null:
				agent._apply_action(group.action_space.cut(continuous, discrete, number))
			number += 1
	return true


# What became of those that acted. Returns whether somebody has left.
func _collect() -> bool:
	var has_left: bool = false
	_rewards.clear()
	_flags.clear()
	_ended.clear()
	_ended_in.clear()
	for index: int in _roster.groups.size():
		for seat: RlSeat in _roster.groups[index].present:
			seat.collect()
			if not seat.problem.is_empty():
				_blame(seat, seat.problem)
				return false
			_rewards.append(seat.reward)
			var flag: int = 0
			if seat.ended != null:
				_ended.append(seat)
				_ended_in.append(index)
				flag = RlWireFrames.TRUNCATED if seat.ended.truncated else RlWireFrames.TERMINATED
				if seat.has_left:
					flag |= RlWireFrames.LEFT
					has_left = true
			_flags.append(flag)
	return has_left


# What those that are there see.
func _look(blocks: Array[PackedByteArray]) -> bool:
	for index: int in _roster.groups.size():
		var group: RlWireGroup = _roster.groups[index]
		var rows: RlGroupRows = _rows[index]
		for seat: RlSeat in group.present:
			var reason: String = rows.add(seat.observation)
			if not reason.is_empty():
				_blame(seat, reason)
				return false
		rows.take(blocks)
		if group.is_masked:
			var masks: PackedByteArray = []
			for seat: RlSeat in group.present:
				masks.append_array(seat.mask.allowed)
			blocks.append(masks)
	return true


# Gathers the last observations; they must be taken.
func _describe_ends() -> String:
	var infos: PackedStringArray = []
	for number: int in _ended.size():
		var seat: RlSeat = _ended[number]
		var reason: String = _rows[_ended_in[number]].add(seat.ended.terminal_observation)
		if not reason.is_empty():
			_blame(seat, "at the end of the episode %s" % reason)
			return ""
		infos.append(_describe(seat.ended))
	return "[%s]" % ",".join(infos)


func _describe(ended: RlEpisode) -> String:
	var info: Dictionary = {}
	if not ended.metrics.is_empty():
		info["metrics"] = ended.metrics
	if ended.get_success() != null:
		info["is_success"] = ended.get_success()
	return JSON.stringify(info)
