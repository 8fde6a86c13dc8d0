extends RefCounted
## The game's side of the godot-rl protocol: strict question and answer with one trainer.
##
## running_game.gd calls [method exchange] at every decision. It tells the trainer what happened,
## waits, and hands actions to the agents. A trainer that offers binary frames gets them (see
## docs/wire-protocol.md); every other one is answered in JSON.

## ABSENT: there is no agent to tell of; the game has to go on until one comes.
enum RlOutcome { WAITING, ACTION, RESET, CLOSED, FAILED, ABSENT }
enum RlDebt { NOTHING, SPACES, FIRST_OBSERVATION, STEP }

const RlBinaryDialect := preload("binary_dialect.gd")
const RlDialect := preload("dialect.gd")
const RlJsonDialect := preload("json_dialect.gd")
const RlNotices := preload("notices.gd")
const RlPilot := preload("pilot.gd")
const RlRoster := preload("roster.gd")
const RlWireConnection := preload("wire_connection.gd")
const RlWireFrames := preload("wire_frames.gd")

## Of the reset read last: [seed], or [] if it carries none.
var reset_seed: PackedInt64Array = []
## Ticks from one decision to the next: as it is, and as the scene has it.
var action_repeat: int = 0
var scene_action_repeat: int = 0

var _connection: RlWireConnection
var _row_limits: Dictionary[String, int] = {}
## All agents of the game, and those that are to be trained.
var _all: Array[RlPilot] = []
var _trainees: Array[RlPilot] = []
## Null until the trainer has asked for the agents, and some are there.
var _roster: RlRoster = null
var _json: RlJsonDialect = null
## Null unless binary frames were agreed on.
var _binary: RlBinaryDialect = null
var _dialect: RlDialect = null
var _offers_binary: bool = false
## The answer that the trainer waits for, and since when.
var _debt: RlDebt = RlDebt.NOTHING
var _received_usec: int = 0


## [param row_limits]: by policy, how many of its agents can be trained at once, where the game says
## so; training begins when each of these policies has an agent.
func _init(connection: RlWireConnection, row_limits: Dictionary[String, int]) -> void:
	_connection = connection
	_row_limits = row_limits


## Answers what is owed, then waits until the trainer has decided what comes next. [param trainees]
## of [param all] agents are to be trained now.
func exchange(all: Array[RlPilot], trainees: Array[RlPilot]) -> RlOutcome:
	_all = all
	_trainees = trainees
	var outcome: RlOutcome = _pay_debt()
	while outcome == RlOutcome.WAITING:
		var payload: PackedByteArray = _connection.receive()
		_received_usec = Time.get_ticks_usec()
		if _connection.is_closed:
			if not _connection.problem.is_empty():
				push_error("RL Studio: %s" % _connection.problem)
			return RlOutcome.CLOSED
		if RlWireFrames.is_binary(payload):
			outcome = _handle_frame(payload)
		else:
			outcome = _handle_message(payload)
	return outcome


## Names the policies of which training waits for the first agent.
func get_missing_policies() -> PackedStringArray:
	var missing: PackedStringArray = []
	if _roster == null:
		for policy: String in _row_limits:
			if not _trainees.any(_is_of.bind(policy)):
				missing.append(policy)
	return missing


## Tells the trainer why the game ends. [param code] is one of docs/wire-protocol.md.
func give_up(code: String, reason: String) -> void:
	_complain(reason, code)


## Tells the trainer what the game waits for; "" if the wait is over.
func tell_status(message: String) -> void:
	if _binary != null or (_offers_binary and _debt == RlDebt.SPACES):
		_connection.send_text(JSON.stringify({"type": "status", "message": message}))


func _handle_frame(payload: PackedByteArray) -> RlOutcome:
	if _binary == null:
		_complain("a binary frame came, but none were agreed on in the handshake")
		return RlOutcome.WAITING
	match _binary.read_kind(payload):
		RlWireFrames.RlKind.ACTION when _binary.apply_actions(payload):
			return _owe(RlDebt.STEP)
		RlWireFrames.RlKind.RESET:
			reset_seed = _binary.read_reset(payload)
			if _binary.problem.is_empty():
				return _owe(RlDebt.FIRST_OBSERVATION)
	_complain(_binary.problem)
	return RlOutcome.WAITING


func _handle_message(payload: PackedByteArray) -> RlOutcome:
	var text: String = payload.get_string_from_utf8()
	var message: Dictionary = _parse(text)
	var kind: String = str(message.get("type", ""))
	match kind:
		"handshake":
			_read_offer(message)
		"env_info":
			_debt = RlDebt.SPACES
			return _pay_debt()
		"call":
			_answer_call(str(message.get("method", "")))
		"close":
			return RlOutcome.CLOSED
		"reset", "action", "rows" when _dialect == null:
			_complain("%s came before env_info" % kind)
		"rows" when _binary != null:
			_set_rows(message.get("groups"))
		"reset", "action" when _binary != null:
			_complain("binary frames were agreed on, but a reset or an action came in JSON")
		"reset" when _read_seed(message):
			return _owe(RlDebt.FIRST_OBSERVATION)
		"reset":
			_complain("the seed of a reset is %s, not a whole number" % [message["seed"]])
		"action" when _json.apply_actions(message.get("action")):
			return _owe(RlDebt.STEP)
		"action":
			_complain(_json.problem)
		_:
			_complain("this is not a message of the protocol: %s" % text.left(200))
	return RlOutcome.WAITING


func _owe(debt: RlDebt) -> RlOutcome:
	_debt = debt
	return RlOutcome.ACTION if debt == RlDebt.STEP else RlOutcome.RESET


func _parse(text: String) -> Dictionary:
	var json: JSON = JSON.new()
	if json.parse(text) == OK and json.data is Dictionary:
		return json.data
	return {}


## Any version of the protocol will do: what we say is understood by all of them.
func _read_offer(message: Dictionary) -> void:
	var offer: Variant = message.get("rl_studio")
	var versions: Variant = null
	if offer is Dictionary:
		var entries: Dictionary = offer
		versions = entries.get("binary")
		var spin: Variant = entries.get("spin_usec")
		if spin is float:
			_connection.spin_usec = spin
	_offers_binary = false
	if versions is Array:
		for version: Variant in versions:
			_offers_binary = (
				_offers_binary
				or (version is float and version == RlWireFrames.VERSION)
				or (version is int and version == RlWireFrames.VERSION)
			)


func _read_seed(message: Dictionary) -> bool:
	reset_seed = []
	var given: Variant = message.get("seed")
	if given == null:
		return true
	if typeof(given) != TYPE_FLOAT and typeof(given) != TYPE_INT:
		return false
	var number: int = given
	reset_seed = [number]
	return true


func _set_rows(wanted: Variant) -> void:
	var groups: Array = wanted if wanted is Array else []
	if not _roster.set_rows(groups):
		_complain("rows: %s" % _roster.problem)
		return
	_binary.meet_groups()


func _complain(reason: String, code: String = "") -> void:
	push_error("RL Studio: %s" % reason)
	var message: Dictionary = {"type": "error", "message": reason}
	if not code.is_empty():
		message["code"] = code
	_connection.send_text(JSON.stringify(message))


func _pay_debt() -> RlOutcome:
	if _debt == RlDebt.NOTHING:
		return RlOutcome.WAITING
	if _debt == RlDebt.SPACES:
		return _send_spaces()
	if not _roster.has_anybody(_trainees):
		return RlOutcome.ABSENT
	var answer: PackedByteArray = []
	if _debt == RlDebt.FIRST_OBSERVATION:
		answer = _dialect.write_first(_received_usec, _trainees)
	else:
		answer = _dialect.write_step(_received_usec, _trainees)
	_debt = RlDebt.NOTHING
	if answer.is_empty():
		_complain(_dialect.problem, _dialect.code)
		return RlOutcome.FAILED
	_tell_news()
	_connection.send(answer)
	return RlOutcome.WAITING


func _send_spaces() -> RlOutcome:
	var present: Array[RlPilot] = _trainees.filter(
		func(pilot: RlPilot) -> bool: return pilot.has_begun and pilot.get_agent() != null
	)
	if present.is_empty() or not get_missing_policies().is_empty():
		return RlOutcome.ABSENT
	_debt = RlDebt.NOTHING
	_roster = RlRoster.new(_row_limits)
	_roster.open(present)
	if not _roster.problem.is_empty():
		_complain(_roster.problem, _roster.code)
		return RlOutcome.FAILED
	if _offers_binary:
		_binary = RlBinaryDialect.new(_roster)
		_dialect = _binary
	else:
		_json = RlJsonDialect.new(_roster)
		_dialect = _json
	var version: int = RlWireFrames.VERSION if _offers_binary else 0
	var info: Dictionary = _roster.describe(version, action_repeat, scene_action_repeat)
	_connection.send_text(JSON.stringify(info))
	return RlOutcome.WAITING


## What is worth a word beside the answer, for trainers that know it.
func _tell_news() -> void:
	if _binary == null:
		return
	for notice: PackedStringArray in RlNotices.take():
		var warning: Dictionary = {"type": "warning", "topic": notice[0], "message": notice[1]}
		_connection.send_text(JSON.stringify(warning))
	if _roster.has_news:
		_roster.has_news = false
		var news: Dictionary = {"type": "crew", "born": _roster.born, "waiting": _roster.waiting}
		_connection.send_text(JSON.stringify(news))
		_roster.born.clear()


func _answer_call(method: String) -> void:
	var returns: Array = []
	var agents: Array[RLAgent] = _list_called()
	for agent: RLAgent in agents:
		if agent == null:
			returns.append(null)
		elif not _can_call(agent, method):
			_complain('agent %s has no method "%s" without arguments' % [agent.get_path(), method])
			return
		else:
			returns.append(agent.call(method))
	_connection.send_text(JSON.stringify({"type": "call", "returns": returns}))


## In binary mode one for each row, null where it is empty; else all agents of the game.
func _list_called() -> Array[RLAgent]:
	var agents: Array[RLAgent] = []
	if _binary == null:
		for pilot: RlPilot in _all:
			agents.append(pilot.get_agent())
		return agents
	for group: RlRoster.RlWireGroup in _roster.groups:
		for seat: RlRoster.RlSeat in group.seats:
			agents.append(null if seat == null else seat.get_agent())
	return agents


func _can_call(agent: RLAgent, method: String) -> bool:
	for entry: Dictionary in agent.get_method_list():
		if entry["name"] == method:
			return len(entry["args"]) <= len(entry["default_args"])
	return false


func _is_of(pilot: RlPilot, policy: String) -> bool:
	return pilot.get_agent() != null and pilot.get_agent().policy_name == policy
