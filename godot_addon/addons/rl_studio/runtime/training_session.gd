extends RefCounted
## The game's side of the godot-rl protocol: strict question and answer with one trainer.
##
## [RLSync] calls [method exchange] at every decision. It tells the trainer what happened, waits,
## and hands actions to the agents. A trainer that offers binary frames gets them (see
## docs/wire-protocol.md); every other one is answered in JSON.

enum Outcome { WAITING, ACTION, RESET, CLOSED, FAILED }
enum Debt { NOTHING, FIRST_OBSERVATION, STEP }

const BinaryDialect := preload("binary_dialect.gd")
const Dialect := preload("dialect.gd")
const JsonDialect := preload("json_dialect.gd")
const Roster := preload("roster.gd")
const WireConnection := preload("wire_connection.gd")
const WireFrames := preload("wire_frames.gd")

## Of the reset read last: [seed], or [] if it carries none.
var reset_seed: PackedInt64Array = []

var _connection: WireConnection
var _roster: Roster
var _all_agents: Array[RLAgent] = []
var _json: JsonDialect
## Null unless binary frames were agreed on.
var _binary: BinaryDialect = null
var _dialect: Dialect
var _offers_binary: bool = false
## The answer that the trainer waits for, and since when.
var _debt: Debt = Debt.NOTHING
var _received_usec: int = 0


## [param all_agents] answer `call`, [param trained] of them are trained.
func _init(connection: WireConnection, all_agents: Array[RLAgent], trained: Array[RLAgent]) -> void:
	_connection = connection
	_all_agents = all_agents
	_roster = Roster.new(trained)
	_json = JsonDialect.new(_roster.seats)
	_dialect = _json


func trains(agent: RLAgent) -> bool:
	return _roster.has(agent)


## Answers what is owed, then waits until the trainer has decided what comes next.
func exchange() -> Outcome:
	if not _pay_debt():
		return Outcome.FAILED
	var outcome: Outcome = Outcome.WAITING
	while outcome == Outcome.WAITING:
		var payload: PackedByteArray = _connection.receive()
		_received_usec = Time.get_ticks_usec()
		if _connection.is_closed:
			if not _connection.problem.is_empty():
				push_error("RL Studio: %s" % _connection.problem)
			return Outcome.CLOSED
		if WireFrames.is_binary(payload):
			outcome = _handle_frame(payload)
		else:
			outcome = _handle_message(payload)
	return outcome


## Tells the trainer why the game ends.
func give_up(reason: String) -> void:
	_complain(reason)


func _handle_frame(payload: PackedByteArray) -> Outcome:
	if _binary == null:
		_complain("a binary frame came, but none were agreed on in the handshake")
		return Outcome.WAITING
	match _binary.read_kind(payload):
		WireFrames.Kind.ACTION when _binary.apply_actions(payload):
			return _owe(Debt.STEP)
		WireFrames.Kind.RESET:
			reset_seed = _binary.read_reset(payload)
			if _binary.problem.is_empty():
				return _owe(Debt.FIRST_OBSERVATION)
	_complain(_binary.problem)
	return Outcome.WAITING


func _handle_message(payload: PackedByteArray) -> Outcome:
	var text: String = payload.get_string_from_utf8()
	var message: Dictionary = _parse(text)
	match message.get("type", ""):
		"handshake":
			_read_offer(message)
		"env_info":
			return Outcome.WAITING if _send_spaces() else Outcome.FAILED
		"call":
			_answer_call(str(message.get("method", "")))
		"reset", "action" when _binary != null:
			_complain("binary frames were agreed on, but a reset or an action came in JSON")
		"reset" when _read_seed(message):
			return _owe(Debt.FIRST_OBSERVATION)
		"reset":
			_complain("the seed of a reset is %s, not a whole number" % [message["seed"]])
		"action" when _json.apply_actions(message.get("action")):
			return _owe(Debt.STEP)
		"action":
			_complain(_json.problem)
		"close":
			return Outcome.CLOSED
		_:
			_complain("this is not a message of the protocol: %s" % text.left(200))
	return Outcome.WAITING


func _owe(debt: Debt) -> Outcome:
	_debt = debt
	return Outcome.ACTION if debt == Debt.STEP else Outcome.RESET


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
			_offers_binary = _offers_binary or str(version) in ["1", "1.0"]


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


func _complain(reason: String) -> void:
	push_error("RL Studio: %s" % reason)
	_connection.send_text(JSON.stringify({"type": "error", "message": reason}))


func _pay_debt() -> bool:
	var answer: PackedByteArray = []
	match _debt:
		Debt.NOTHING:
			return true
		Debt.FIRST_OBSERVATION:
			answer = _dialect.write_first(_received_usec)
		Debt.STEP:
			answer = _dialect.write_step(_received_usec)
	_debt = Debt.NOTHING
	if answer.is_empty():
		_complain(_dialect.problem)
		return false
	_connection.send(answer)
	return true


func _send_spaces() -> bool:
	if not _roster.problem.is_empty():
		_complain(_roster.problem)
		return false
	if _offers_binary:
		_binary = BinaryDialect.new(_roster.seats, _roster.groups)
		_dialect = _binary
	var version: int = WireFrames.VERSION if _offers_binary else 0
	_connection.send_text(JSON.stringify(_roster.describe(version)))
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
	_connection.send_text(JSON.stringify({"type": "call", "returns": returns}))


func _can_call(agent: RLAgent, method: String) -> bool:
	for entry: Dictionary in agent.get_method_list():
		if entry["name"] == method:
			return len(entry["args"]) <= len(entry["default_args"])
	return false
