@tool
extends Node
## The socket to the backend: opens it by the discovery file, polls it within a time budget, pairs
## responses with requests and comes back by itself after a break. Knows nothing of runs or docks.

## The handshake is done; requests may be sent.
signal opened
## The connection broke; attempts to get it back go on until [signal gave_up] or [signal opened].
signal lost
## No connection, and no further attempt. [param was_open]: it had been open before.
signal gave_up(was_open: bool)
## The backend told something.
signal event_received(event: String, data: Dictionary)

const RlDiscovery := preload("discovery.gd")
const RlExchange := preload("exchange.gd")
const RlMsgpack := preload("msgpack.gd")
const RlRead := preload("../core/read.gd")
const RlReply := preload("../core/reply.gd")

const BUFFER_BYTES: int = 8 << 20
const BUDGET_USEC: int = 4000
const CONNECT_TIMEOUT_MS: int = 4000
const REQUEST_TIMEOUT_MS: int = 15_000
## Pauses before the attempts to get a lost connection back.
const BACK_OFF_MS: Array[int] = [200, 400, 800, 1500, 2500]

## What the backend said of itself when the connection was made.
var discovery: RlDiscovery = RlDiscovery.new()

var _state_dir: String = ""
var _socket: WebSocketPeer
var _exchange: RlExchange = RlExchange.new()
var _is_open: bool = false
var _was_open: bool = false
var _attempt: int = 0
var _attempts_allowed: int = 0
var _retry_at_ms: int = -1
var _give_up_at_ms: int = 0


func _ready() -> void:
	set_process(false)


## Connects to the backend whose discovery file is in [param state_dir]. With [param persistent] a
## failed attempt is repeated a few times.
func open(state_dir: String, persistent: bool) -> void:
	close()
	_state_dir = state_dir
	_attempt = 0
	_attempts_allowed = BACK_OFF_MS.size() if persistent else 0
	_was_open = false
	set_process(true)
	_try_to_connect()


## Closes the socket for good; requests that wait are failed.
func close() -> void:
	if _socket != null:
		_socket.close(1000, "")
	_socket = null
	_is_open = false
	_retry_at_ms = -1
	set_process(false)
	_exchange.fail_all("The connection to the backend was closed.")


## Whether requests can be sent now.
func is_open() -> bool:
	return _is_open


## Sends a request; [param on_reply] is called once with a Reply, also when there is no connection.
func request(
	method: String, params: Dictionary, on_reply: Callable, timeout_ms: int = REQUEST_TIMEOUT_MS
) -> void:
	if not _is_open:
		var reply: RlReply = RlReply.new()
		reply.fail("disconnected", "There is no connection to the backend.", "Press Connect.")
		on_reply.call(reply)
		return
	var message: Dictionary = _exchange.open(
		method, params, on_reply, Time.get_ticks_msec() + timeout_ms
	)
	var error: Error = _socket.send(RlMsgpack.encode(message))
	if error != OK:
		var why: String = "The message could not be sent: %s." % error_string(error)
		_exchange.settle(
			{"type": "error", "id": message["id"], "error": {"code": "send", "message": why}}
		)


func _process(_delta: float) -> void:
	var now: int = Time.get_ticks_msec()
	if _socket == null:
		if _retry_at_ms >= 0 and now >= _retry_at_ms:
			_try_to_connect()
		return
	_socket.poll()
	match _socket.get_ready_state():
		WebSocketPeer.STATE_OPEN:
			if not _is_open:
				_on_handshake_done()
			_drain()
			_exchange.expire(now)
		WebSocketPeer.STATE_CONNECTING:
			if now > _give_up_at_ms:
				_on_connection_failed()
		WebSocketPeer.STATE_CLOSED:
			_drain()
			_on_connection_failed()


func _try_to_connect() -> void:
	_retry_at_ms = -1
	discovery = RlDiscovery.new()
	if not discovery.load_from(_state_dir) or discovery.protocol != RlDiscovery.PROTOCOL:
		_on_connection_failed()
		return
	_socket = WebSocketPeer.new()
	_socket.inbound_buffer_size = BUFFER_BYTES
	_socket.outbound_buffer_size = BUFFER_BYTES
	_socket.supported_protocols = PackedStringArray([RlDiscovery.PROTOCOL])
	_socket.handshake_headers = PackedStringArray(["Authorization: Bearer " + discovery.token])
	_give_up_at_ms = Time.get_ticks_msec() + CONNECT_TIMEOUT_MS
	if _socket.connect_to_url("ws://127.0.0.1:%d" % discovery.port) != OK:
		_on_connection_failed()


func _drain() -> void:
	var until: int = Time.get_ticks_usec() + BUDGET_USEC
	while _socket != null and _socket.get_available_packet_count() > 0:
		_receive(_socket.get_packet())
		if Time.get_ticks_usec() > until:
			return


func _receive(packet: PackedByteArray) -> void:
	var decoded: RlMsgpack.RlDecoded = RlMsgpack.decode(packet)
	if not decoded.value is Dictionary:
		push_warning("RL Studio: unreadable frame from the backend: %s" % decoded.error)
		return
	var message: Dictionary = decoded.value
	match RlRead.text(message, "type"):
		"event":
			event_received.emit(RlRead.text(message, "event"), RlRead.dict(message, "data"))
		"response", "error":
			_exchange.settle(message)


func _on_handshake_done() -> void:
	_is_open = true
	_was_open = true
	_attempt = 0
	_attempts_allowed = BACK_OFF_MS.size()
	opened.emit()


func _on_connection_failed() -> void:
	var broke: bool = _is_open
	_socket = null
	_is_open = false
	_exchange.fail_all("The connection to the backend broke.")
	if _attempt < _attempts_allowed:
		_retry_at_ms = Time.get_ticks_msec() + BACK_OFF_MS[_attempt]
		_attempt += 1
		if broke:
			lost.emit()
		return
	set_process(false)
	gave_up.emit(_was_open)
