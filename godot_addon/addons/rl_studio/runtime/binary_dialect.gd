extends "dialect.gd"
## Resets, actions and steps in binary frames: one matrix per observation, no number looked at.
## Whether numbers are finite the trainer checks, which can do so at once for all.

const Episode := preload("episode.gd")
const GroupRows := preload("group_rows.gd")
const WireFrames := preload("wire_frames.gd")
const WireGroup := preload("wire_group.gd")

var _groups: Array[WireGroup]
var _frames: WireFrames
## By group: what its agents see.
var _rows: Array[GroupRows] = []
## By agent: the rows of its group.
var _rows_of: Array[GroupRows] = []
var _rewards: PackedFloat32Array = []
var _flags: PackedByteArray = []
var _actions: Array[Dictionary] = []
## Numbers of the agents whose episode ended.
var _ended: PackedInt32Array = []


func _init(seats: Array[Seat], groups: Array[WireGroup]) -> void:
	super(seats)
	_groups = groups
	_frames = WireFrames.new(groups)
	_rewards.resize(seats.size())
	_flags.resize(seats.size())
	_actions.resize(seats.size())
	_rows_of.resize(seats.size())
	for group: WireGroup in groups:
		_rows.append(GroupRows.new(group))
		for agent: int in group.agents:
			_rows_of[agent] = _rows[-1]


func write_first(received_usec: int) -> PackedByteArray:
	if not _observe():
		return []
	var blocks: Array[PackedByteArray] = _take_blocks()
	return _frames.write_observation(Time.get_ticks_usec() - received_usec, blocks)


func write_step(received_usec: int) -> PackedByteArray:
	if not _observe():
		return []
	var blocks: Array[PackedByteArray] = _take_blocks()
	if _ended.is_empty():
		var usec: int = Time.get_ticks_usec() - received_usec
		return _frames.write_step(usec, _rewards, _flags, blocks)
	return _write_ends(received_usec, blocks)


## Returns the kind of message; NONE and a [member problem] if there is no such kind.
func read_kind(payload: PackedByteArray) -> WireFrames.Kind:
	var kind: WireFrames.Kind = _frames.read_kind(payload)
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
	for index: int in _groups.size():
		var group: WireGroup = _groups[index]
		var continuous: PackedFloat32Array = _frames.continuous[index]
		var discrete: PackedInt32Array = _frames.discrete[index]
		for row: int in group.agents.size():
			_actions[group.agents[row]] = group.action_space.cut(continuous, discrete, row)
	_apply(_actions)
	return true


func _observe() -> bool:
	problem = ""
	_ended.clear()
	_flags.fill(0)
	for index: int in _seats.size():
		var seat: Seat = _seats[index]
		seat.collect()
		var reason: String = seat.problem
		if reason.is_empty():
			reason = _rows_of[index].add(seat.observation)
		if not reason.is_empty():
			_blame(seat, reason)
			return false
		_rewards[index] = seat.reward
		if seat.ended != null:
			_ended.append(index)
			_flags[index] = WireFrames.TRUNCATED if seat.ended.truncated else WireFrames.TERMINATED
	return true


func _take_blocks() -> Array[PackedByteArray]:
	var blocks: Array[PackedByteArray] = []
	for index: int in _groups.size():
		_rows[index].take(blocks)
		if _groups[index].is_masked:
			var masks: PackedByteArray = []
			for agent: int in _groups[index].agents:
				masks.append_array(_seats[agent].mask.allowed)
			blocks.append(masks)
	return blocks


func _write_ends(received_usec: int, blocks: Array[PackedByteArray]) -> PackedByteArray:
	var infos: PackedStringArray = []
	for agent: int in _ended:
		var seat: Seat = _seats[agent]
		var reason: String = _rows_of[agent].add(seat.ended.terminal_observation)
		if not reason.is_empty():
			return _blame(seat, "at the end of the episode %s" % reason)
		infos.append(_describe(seat.ended))
	var terminal_blocks: Array[PackedByteArray] = []
	for rows: GroupRows in _rows:
		rows.take(terminal_blocks)
	var usec: int = Time.get_ticks_usec() - received_usec
	var text: String = "[%s]" % ",".join(infos)
	return _frames.write_step(usec, _rewards, _flags, blocks, terminal_blocks, text)


func _describe(ended: Episode) -> String:
	var info: Dictionary = {}
	if not ended.metrics.is_empty():
		info["metrics"] = ended.metrics
	if ended.get_success() != null:
		info["is_success"] = ended.get_success()
	return JSON.stringify(info)
