extends RefCounted
## The game's side of the godot-rl protocol: strict question and answer with one trainer.
##
## [RLSync] calls [method exchange] at every decision. It tells the trainer what happened, waits,
## and hands actions to the agents.

enum Outcome { WAITING, ACTION, RESET, CLOSED, FAILED }
enum Debt { NOTHING, FIRST_OBSERVATION, STEP }

const Seat := preload("seat.gd")
const WireConnection := preload("wire_connection.gd")

var _connection: WireConnection
var _seats: Array[Seat] = []
var _trained_ids: Dictionary[int, bool] = {}
var _all_agents: Array[RLAgent] = []
## The answer that the trainer waits for.
var _debt: Debt = Debt.NOTHING


## [param all_agents] answer `call`, [param trained] of them are trained.
func _init(connection: WireConnection, all_agents: Array[RLAgent], trained: Array[RLAgent]) -> void:
	_connection = connection
	_all_agents = all_agents
	for agent: RLAgent in trained:
		_seats.append(Seat.new(agent))
		_trained_ids[agent.get_instance_id()] = true


func trains(agent: RLAgent) -> bool:
	return _trained_ids.has(agent.get_instance_id())


## Answers what is owed, then waits until the trainer has decided what comes next.
func exchange() -> Outcome:
	if not _pay_debt():
		return Outcome.FAILED
	var outcome: Outcome = Outcome.WAITING
	while outcome == Outcome.WAITING:
		outcome = _handle(_connection.receive())
	return outcome


func _handle(text: String) -> Outcome:
	if _connection.is_closed:
		if not _connection.problem.is_empty():
			push_error("RL Studio: %s" % _connection.problem)
		return Outcome.CLOSED
	var message: Dictionary = _parse(text)
	var outcome: Outcome = Outcome.WAITING
	match message.get("type", ""):
		"handshake":
			pass  # Any version will do: what we say is understood by all of them.
		"env_info":
			if not _send_spaces():
				outcome = Outcome.FAILED
		"call":
			_answer_call(str(message.get("method", "")))
		"reset":
			_debt = Debt.FIRST_OBSERVATION
			outcome = Outcome.RESET
		"action":
			if _apply_actions(message.get("action")):
				_debt = Debt.STEP
				outcome = Outcome.ACTION
		"close":
			outcome = Outcome.CLOSED
		_:
			_complain("this is not a message of the protocol: %s" % text.left(200))
	return outcome


func _parse(text: String) -> Dictionary:
	var json: JSON = JSON.new()
	if json.parse(text) == OK and json.data is Dictionary:
		return json.data
	return {}


func _complain(reason: String) -> void:
	push_error("RL Studio: %s" % reason)
	_connection.send(JSON.stringify({"type": "error", "message": reason}))


func _pay_debt() -> bool:
	match _debt:
		Debt.FIRST_OBSERVATION:
			for seat: Seat in _seats:
				seat.collect_first()
			if _has_problem():
				return false
			_connection.send(
				'{"type":"reset","obs":[%s],"info":[%s]}' % [_join_observations(), _join_infos()]
			)
		Debt.STEP:
			for seat: Seat in _seats:
				seat.collect()
			if _has_problem():
				return false
			_connection.send(_format_step())
	_debt = Debt.NOTHING
	return true


func _format_step() -> String:
	var rewards: PackedStringArray = []
	var dones: PackedStringArray = []
	for seat: Seat in _seats:
		rewards.append(str(seat.reward))
		dones.append("true" if seat.done else "false")
	return (
		'{"type":"step","obs":[%s],"reward":[%s],"done":[%s],"info":[%s]}'
		% [_join_observations(), ",".join(rewards), ",".join(dones), _join_infos()]
	)


func _join_observations() -> String:
	var parts: PackedStringArray = []
	for seat: Seat in _seats:
		parts.append(seat.observation_json)
	return ",".join(parts)


func _join_infos() -> String:
	var parts: PackedStringArray = []
	for seat: Seat in _seats:
		parts.append(seat.info_json)
	return ",".join(parts)


## Fails, naming the agent, if a seat has a problem.
func _has_problem() -> bool:
	for seat: Seat in _seats:
		if not seat.problem.is_empty():
			_complain("agent %s: %s" % [seat.path, seat.problem])
			return true
	return false


func _send_spaces() -> bool:
	if _seats.is_empty():
		_complain("no agent is to be trained: add an RLAgent, or set the mode of RLSync to Auto")
		return false
	if _has_problem() or not _check_policies():
		return false
	var observation_spaces: Array[Dictionary] = []
	var action_spaces: Array[Dictionary] = []
	var names: PackedStringArray = []
	for seat: Seat in _seats:
		var space: Dictionary = {}
		for key: String in seat.observation_sizes:
			space[key] = {"space": "box", "size": [seat.observation_sizes[key]]}
		observation_spaces.append(space)
		action_spaces.append(seat.action_space.entries)
		names.append(seat.policy_name)
	var reply: Dictionary = {
		"type": "env_info",
		"observation_space": observation_spaces,
		"action_space": action_spaces,
		"n_agents": _seats.size(),
		"agent_policy_names": names,
	}
	_connection.send(JSON.stringify(reply))
	return true


func _check_policies() -> bool:
	var first: Dictionary[String, Seat] = {}
	for seat: Seat in _seats:
		if seat.policy_name.is_empty():
			_complain("agent %s: the policy name is empty" % seat.path)
			return false
		var other: Seat = first.get_or_add(seat.policy_name, seat)
		if (
			other.observation_sizes != seat.observation_sizes
			or other.action_space.entries != seat.action_space.entries
		):
			_complain(
				(
					'agents %s and %s share the policy "%s" but differ in their spaces'
					% [other.path, seat.path, seat.policy_name]
				)
			)
			return false
	return true


func _apply_actions(wire: Variant) -> bool:
	if not wire is Array or len(wire) != _seats.size():
		_complain("%d actions expected, one per agent; got %s" % [_seats.size(), wire])
		return false
	var actions: Array[Dictionary] = []
	for index: int in _seats.size():
		var seat: Seat = _seats[index]
		actions.append(seat.action_space.decode(wire[index]))
		if not seat.action_space.problem.is_empty():
			_complain("agent %s: %s" % [seat.path, seat.action_space.problem])
			return false
	for index: int in _seats.size():
		var agent: RLAgent = _seats[index].get_agent()
		if agent != null:
			agent._apply_action(actions[index])
	return true


func _answer_call(method: String) -> void:
	var returns: Array = []
	for agent: RLAgent in _all_agents:
		if not is_instance_valid(agent):
			returns.append(null)
		elif not _can_call(agent, method):
			_complain('agent %s has no method "%s" without arguments' % [agent.get_path(), method])
			return
		else:
			returns.append(agent.call(method))
	_connection.send(JSON.stringify({"type": "call", "returns": returns}))


func _can_call(agent: RLAgent, method: String) -> bool:
	for entry: Dictionary in agent.get_method_list():
		if entry["name"] == method:
			return len(entry["args"]) <= len(entry["default_args"])
	return false
