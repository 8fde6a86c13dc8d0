extends RefCounted
## The binary frames of docs/wire-protocol.md, version 2, as the game sees them: writes
## observations and steps, reads resets and actions. Knows bytes only; no bytes can break it.

enum RlKind { NONE, RESET, ACTION, OBSERVATION, STEP }

const RlActionSpace := preload("action_space.gd")
const RlWireGroup := preload("wire_group.gd")

const VERSION: int = 2
const HEADER_BYTES: int = 8
const RESET_BYTES: int = 16
## "RL", as the little-endian number it is read as.
const MAGIC: int = 0x4c52
const TERMINATED: int = 1
const TRUNCATED: int = 2
## Beside one of these: the agent is gone.
const LEFT: int = 4

## Why the payload given last cannot be used. Empty = it can.
var problem: String = ""
## Of the reset read last: whether it carries a seed, and which.
var has_seed: bool = false
var reset_seed: int = 0
## Of the actions read last: per group the rows of its agents, checked and clamped.
var continuous: Array[PackedFloat32Array] = []
var discrete: Array[PackedInt32Array] = []

var _groups: Array[RlWireGroup]
## Of the agents that are there.
var _agent_count: int = 0
var _action_bytes: int = HEADER_BYTES


func _init(groups: Array[RlWireGroup]) -> void:
	_groups = groups
	recount()


## Call it when other agents are there.
func recount() -> void:
	_agent_count = 0
	_action_bytes = HEADER_BYTES
	for group: RlWireGroup in _groups:
		_agent_count += group.taken.size()
		if not group.taken.is_empty():
			var space: RlActionSpace = group.action_space
			var width: int = space.continuous_width + space.discrete_width
			_action_bytes += RlWireGroup.FLOAT_BYTES * width * group.taken.size()


## Whether a payload calls itself a binary frame, rather than JSON.
static func is_binary(payload: PackedByteArray) -> bool:
	return payload.size() >= 2 and payload.decode_u16(0) == MAGIC


## Returns the kind of a frame that trainers send; [constant NONE] if it is none, and
## [member problem] says why.
func read_kind(payload: PackedByteArray) -> RlKind:
	problem = ""
	if payload.size() < HEADER_BYTES or payload.decode_u16(0) != MAGIC:
		problem = "%d bytes are not a binary frame" % payload.size()
	elif payload[2] != VERSION:
		problem = (
			"a binary frame of version %d; this game speaks version %d" % [payload[2], VERSION]
		)
	elif payload[3] == RlKind.RESET:
		return RlKind.RESET
	elif payload[3] == RlKind.ACTION:
		return RlKind.ACTION
	else:
		problem = "a binary frame of kind %d; expected 1 (reset) or 2 (action)" % payload[3]
	return RlKind.NONE


## Reads a reset. Returns whether it is one.
func read_reset(payload: PackedByteArray) -> bool:
	if not _check(payload, RlKind.RESET, RESET_BYTES):
		return false
	var value: int = payload.decode_u32(4)
	if value > 1:
		problem = "a reset says %d where 0 (no seed) or 1 (seed) is due" % value
		return false
	has_seed = value == 1
	reset_seed = payload.decode_s64(HEADER_BYTES)
	return true


## Reads the actions of all agents that are there. Returns whether they can be carried out.
func read_actions(payload: PackedByteArray) -> bool:
	if not _check(payload, RlKind.ACTION, _action_bytes):
		return false
	if payload.decode_u32(4) != _agent_count:
		problem = "actions for %d agents; expected %d" % [payload.decode_u32(4), _agent_count]
		return false
	continuous.clear()
	discrete.clear()
	var start: int = HEADER_BYTES
	for group: RlWireGroup in _groups:
		var space: RlActionSpace = group.action_space
		if group.taken.is_empty():
			continuous.append(PackedFloat32Array())
			discrete.append(PackedInt32Array())
			continue
		var middle: int = start + 4 * space.continuous_width * group.taken.size()
		var end: int = middle + 4 * space.discrete_width * group.taken.size()
		var floats: PackedFloat32Array = payload.slice(start, middle).to_float32_array()
		var choices: PackedInt32Array = payload.slice(middle, end).to_int32_array()
		var bad_row: int = space.clamp_rows(floats, choices)
		if bad_row >= 0:
			problem = (
				'agent in row %d of policy "%s": %s'
				% [group.taken[bad_row], group.policy, space.problem]
			)
			return false
		continuous.append(floats)
		discrete.append(choices)
		start = end
	return true


## Returns the answer to a reset. [param blocks] are, group after group, the observations in the
## order of their names and then the masks, if there are any, of the agents that are there.
func write_observation(game_usec: int, blocks: Array[PackedByteArray]) -> PackedByteArray:
	var frame: PackedByteArray = _begin(RlKind.OBSERVATION, HEADER_BYTES + 4, game_usec)
	frame.encode_u32(4, _agent_count)
	_append(frame, _write_rows())
	for block: PackedByteArray in blocks:
		_append(frame, block)
	return frame


## Returns the answer to actions. [param rewards] and [param flags] are of the agents that acted;
## [param has_changed]: others are there now. [param terminal_blocks] are the observations of the
## [param ended] agents whose episode is over, as in [param blocks]; [param infos] is a JSON list
## with an object for each of them, "" if there are none.
func write_step(
	game_usec: int,
	rewards: PackedFloat32Array,
	flags: PackedByteArray,
	has_changed: bool,
	blocks: Array[PackedByteArray],
	terminal_blocks: Array[PackedByteArray] = [],
	infos: String = "",
	ended: int = 0
) -> PackedByteArray:
	var frame: PackedByteArray = _begin(RlKind.STEP, HEADER_BYTES + 12, game_usec)
	frame.encode_u32(4, flags.size())
	frame.encode_u32(HEADER_BYTES + 4, ended)
	frame.encode_u32(HEADER_BYTES + 8, 1 if has_changed else 0)
	frame.append_array(rewards.to_byte_array())
	_append(frame, flags)
	if has_changed:
		_append(frame, _write_rows())
	for block: PackedByteArray in blocks:
		_append(frame, block)
	if ended == 0:
		return frame
	for block: PackedByteArray in terminal_blocks:
		_append(frame, block)
	var text: PackedByteArray = infos.to_utf8_buffer()
	var length: PackedByteArray = [0, 0, 0, 0]
	length.encode_u32(0, text.size())
	_append(frame, length)
	frame.append_array(text)
	return frame


## Which rows are taken: for each group their number, and each of them.
func _write_rows() -> PackedByteArray:
	var table: PackedInt32Array = []
	for group: RlWireGroup in _groups:
		table.append(group.taken.size())
		table.append_array(group.taken)
	return table.to_byte_array()


func _check(payload: PackedByteArray, kind: RlKind, size: int) -> bool:
	if read_kind(payload) != kind:
		if problem.is_empty():
			problem = "a binary frame of kind %d; expected %d" % [payload[3], kind]
		return false
	if payload.size() != size:
		problem = (
			"%s takes %d bytes; got %d"
			% [
				"a reset" if kind == RlKind.RESET else "actions of %d agents" % _agent_count,
				size,
				payload.size(),
			]
		)
		return false
	return true


func _begin(kind: RlKind, size: int, game_usec: int) -> PackedByteArray:
	var frame: PackedByteArray = []
	frame.resize(size)
	frame.encode_u16(0, MAGIC)
	frame[2] = VERSION
	frame[3] = kind
	frame.encode_u32(HEADER_BYTES, clampi(game_usec, 0, 0xffffffff))
	return frame


## Blocks begin at multiples of four bytes; the padding belongs to the block that follows.
static func _append(frame: PackedByteArray, block: PackedByteArray) -> void:
	if block.is_empty():
		return
	if frame.size() % 4 != 0:
		var padding: int = 4 - frame.size() % 4
		for count: int in padding:
			frame.append(0)
	frame.append_array(block)
