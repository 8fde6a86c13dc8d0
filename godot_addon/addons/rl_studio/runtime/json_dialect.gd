extends "dialect.gd"
## Resets, actions and steps in JSON, as stock godot-rl writes them. Slow; every number is checked.
##
## The protocol knows a fixed number of agents. When one leaves, its row goes on with what it saw
## last and without reward, until another agent of its policy comes and takes the row.

const RlEpisode := preload("episode.gd")
const RlNotices := preload("notices.gd")
const RlObservation := preload("observation.gd")
const RlWireGroup := preload("wire_group.gd")

## By place, who sits there, or sat there last.
var _seats: Array[RlSeat] = []
## The last observation of each.
var _observations: PackedStringArray = []


func _init(roster: RlRoster) -> void:
	super(roster)
	_seats.resize(roster.places.size())
	_observations.resize(roster.places.size())
	_find_seats()


func write_first(_received_usec: int, pilots: Array[RlPilot]) -> PackedByteArray:
	_roster.admit(pilots)
	_find_seats()
	if not _check_roster() or not _observe():
		return []
	var infos: PackedStringArray = []
	for seat: RlSeat in _seats:
		infos.append("{%s}" % ",".join(_describe_mask(seat)))
	var text: String = '{"type":"reset","obs":[%s],"info":[%s]}'
	return (text % [",".join(_observations), ",".join(infos)]).to_utf8_buffer()


func write_step(_received_usec: int, pilots: Array[RlPilot]) -> PackedByteArray:
	if not _observe():
		return []
	var rewards: PackedStringArray = []
	var dones: PackedStringArray = []
	var infos: PackedStringArray = []
	for seat: RlSeat in _seats:
		if not is_finite(seat.reward):
			return _blame(seat, "the reward is %s" % seat.reward)
		rewards.append(str(seat.reward))
		dones.append("false" if seat.ended == null else "true")
		infos.append("{%s}" % ",".join(_describe_end(seat) + _describe_mask(seat)))
		if not problem.is_empty():
			return []
	if _roster.admit(pilots):
		_find_seats()
		if not _check_roster() or not _show_newcomers():
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
		var seat: RlSeat = _seats[index]
		actions.append(seat.action_space.decode(wire[index]))
		if not seat.action_space.problem.is_empty():
			_blame(seat, seat.action_space.problem)
			return false
	for index: int in actions.size():
		var agent: RLAgent = _seats[index].get_agent()
		if agent != null:
			agent._apply_action(actions[index])
	return true


func _find_seats() -> void:
	for index: int in _roster.places.size():
		var group: RlWireGroup = _roster.places[index][0]
		var row: int = _roster.places[index][1]
		if group.seats[row] != null:
			_seats[index] = group.seats[row]


func _observe() -> bool:
	problem = ""
	for index: int in _seats.size():
		var seat: RlSeat = _seats[index]
		var was_there: bool = not seat.has_left
		seat.collect()
		if not seat.problem.is_empty():
			_blame(seat, seat.problem)
			return false
		if seat.has_left and was_there:
			RlNotices.tell(
				"json rows",
				(
					(
						"agent %s has left the game. The trainer speaks JSON, which knows a fixed"
						+ " number of agents: its row goes on empty until another agent comes"
					)
					% seat.path
				)
			)
		if not _write(index):
			return false
	return true


# A newcomer's first observation, beside the end of who sat there before.
func _show_newcomers() -> bool:
	for index: int in _seats.size():
		if not _write(index):
			return false
	return true


func _write(index: int) -> bool:
	var seat: RlSeat = _seats[index]
	var observation: RlObservation = RlObservation.new(seat.observation)
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


func _describe_end(seat: RlSeat) -> PackedStringArray:
	var ended: RlEpisode = seat.ended
	if ended == null:
		return []
	var terminal: RlObservation = RlObservation.new(ended.terminal_observation)
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


func _describe_mask(seat: RlSeat) -> PackedStringArray:
	if seat.mask == null:
		return []
	return ['"action_mask":%s' % seat.mask.to_json()]
