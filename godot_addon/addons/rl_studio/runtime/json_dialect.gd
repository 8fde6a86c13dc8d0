extends "dialect.gd"
## Resets, actions and steps in JSON, as stock godot-rl writes them. Slow; every number is checked.

const Episode := preload("episode.gd")
const Observation := preload("observation.gd")

## The last observation of each agent.
var _observations: PackedStringArray = []


func _init(seats: Array[Seat]) -> void:
	super(seats)
	_observations.resize(seats.size())


func write_first(_received_usec: int) -> PackedByteArray:
	if not _observe():
		return []
	var infos: PackedStringArray = []
	for seat: Seat in _seats:
		infos.append("{%s}" % ",".join(_describe_mask(seat)))
	var text: String = '{"type":"reset","obs":[%s],"info":[%s]}'
	return (text % [",".join(_observations), ",".join(infos)]).to_utf8_buffer()


func write_step(_received_usec: int) -> PackedByteArray:
	if not _observe():
		return []
	var rewards: PackedStringArray = []
	var dones: PackedStringArray = []
	var infos: PackedStringArray = []
	for seat: Seat in _seats:
		if not is_finite(seat.reward):
			return _blame(seat, "the reward is %s" % seat.reward)
		rewards.append(str(seat.reward))
		dones.append("false" if seat.ended == null else "true")
		infos.append("{%s}" % ",".join(_describe_end(seat) + _describe_mask(seat)))
		if not problem.is_empty():
			return []
	var text: String = '{"type":"step","obs":[%s],"reward":[%s],"done":[%s],"info":[%s]}'
	var parts: Array[String] = []
	for list: PackedStringArray in [_observations, rewards, dones, infos]:
		parts.append(",".join(list))
	return (text % parts).to_utf8_buffer()


## Carries out what a trainer sent as `action`. Returns false if that cannot be done.
func apply_actions(wire: Variant) -> bool:
	problem = ""
	if not wire is Array or len(wire) != _seats.size():
		problem = "%d actions expected, one per agent; got %s" % [_seats.size(), wire]
		return false
	var actions: Array[Dictionary] = []
	for index: int in _seats.size():
		var seat: Seat = _seats[index]
		actions.append(seat.action_space.decode(wire[index]))
		if not seat.action_space.problem.is_empty():
			_blame(seat, seat.action_space.problem)
			return false
	_apply(actions)
	return true


func _observe() -> bool:
	problem = ""
	for index: int in _seats.size():
		var seat: Seat = _seats[index]
		seat.collect()
		if not seat.problem.is_empty():
			_blame(seat, seat.problem)
			return false
		var observation: Observation = Observation.new(seat.observation)
		var reason: String = observation.problem
		if reason.is_empty():
			reason = observation.find_bad_number()
		if reason.is_empty() and observation.get_shapes() != seat.shapes:
			reason = (
				"the observation changed: %s at the start, now %s"
				% [seat.shapes, observation.get_shapes()]
			)
		if not reason.is_empty():
			_blame(seat, reason)
			return false
		_observations[index] = observation.to_json()
	return true


func _describe_end(seat: Seat) -> PackedStringArray:
	var ended: Episode = seat.ended
	if ended == null:
		return []
	var terminal: Observation = Observation.new(ended.terminal_observation)
	var reason: String = terminal.find_bad_number()
	if not reason.is_empty():
		_blame(seat, "at the end of the episode %s" % reason)
	var entries: PackedStringArray = [
		'"TimeLimit.truncated":%s' % ended.truncated,
		'"terminal_observation":%s' % terminal.to_json(),
		'"metrics":%s' % JSON.stringify(ended.metrics),
	]
	if ended.get_success() != null:
		entries.append('"is_success":%s' % ended.get_success())
	return entries


func _describe_mask(seat: Seat) -> PackedStringArray:
	if seat.mask == null:
		return []
	return ['"action_mask":%s' % seat.mask.to_json()]
