extends RefCounted
## The TCP connection to a trainer: frames of a 4-byte little-endian length and a payload.
##
## The trainer listens, the game connects. Waiting blocks the game, which is what a trainer wants;
## with a window, the window stays responsive meanwhile.

const HOST: String = "127.0.0.1"
const MAX_FRAME_BYTES: int = 64 * 1024 * 1024
const RETRY_MSEC: int = 100
## With a window nobody may block: pauses between two looks at the socket, doubled each time.
const SHORTEST_POLL_USEC: int = 20
const LONGEST_POLL_USEC: int = 1000
const WINDOW_EVENTS_MSEC: int = 10
const LONGEST_SPIN_USEC: int = 100_000

## True when the trainer is gone or the wait was aborted.
var is_closed: bool = false
## Why it closed, if not by a plain end of the connection.
var problem: String = ""
## How long a headless game looks for a message before it sleeps. Keeps a core busy meanwhile.
var spin_usec: int = 0:
	set(value):
		spin_usec = clampi(value, 0, LONGEST_SPIN_USEC)

var _peer: StreamPeerTCP = null
var _port: int
var _has_window: bool = DisplayServer.get_name() != "headless"
var _next_try_msec: int = 0
var _next_events_msec: int = 0


func _init(port: int) -> void:
	_port = port


## Tries until [param timeout_s] is over. Blocks. Returns whether a trainer answered.
func connect_within(timeout_s: float) -> bool:
	var deadline: int = Time.get_ticks_msec() + roundi(timeout_s * 1000.0)
	while not try_connect():
		if is_closed or Time.get_ticks_msec() >= deadline:
			return false
		_idle(10_000)
	return true


## Goes on with connecting, without waiting. Returns true once connected.
func try_connect() -> bool:
	if _peer == null:
		if Time.get_ticks_msec() < _next_try_msec:
			return false
		_next_try_msec = Time.get_ticks_msec() + RETRY_MSEC
		_peer = StreamPeerTCP.new()
		if _peer.connect_to_host(HOST, _port) != OK:
			_peer = null
			return false
	_peer.poll()
	match _peer.get_status():
		StreamPeerTCP.STATUS_CONNECTED:
			_peer.set_no_delay(true)
			return true
		StreamPeerTCP.STATUS_CONNECTING:
			return false
	_peer = null
	return false


func send_text(text: String) -> void:
	send(text.to_utf8_buffer())


func send(payload: PackedByteArray) -> void:
	if is_closed:
		return
	var frame: PackedByteArray = [0, 0, 0, 0]
	frame.encode_u32(0, payload.size())
	frame.append_array(payload)
	if _peer.put_data(frame) != OK:
		is_closed = true


## Waits for the next frame. Returns nothing and sets [member is_closed] when there is none to come.
func receive() -> PackedByteArray:
	var header: PackedByteArray = _read(4)
	if is_closed:
		return []
	var length: int = header.decode_u32(0)
	if length > MAX_FRAME_BYTES:
		_close("a frame of %d bytes was announced; is that a trainer?" % length)
		return []
	return _read(length)


## Notices, without waiting, that the trainer is gone.
func check() -> void:
	_peer.poll()
	if _peer.get_status() != StreamPeerTCP.STATUS_CONNECTED:
		_close("")


## Ends a wait that is going on, for example because the window was closed.
func abort() -> void:
	_close("")


func _read(count: int) -> PackedByteArray:
	if is_closed or count == 0:
		return []
	if _has_window:
		return _read_patiently(count)
	if spin_usec > 0:
		_spin(count)
	var result: Array = _peer.get_data(count)
	if result[0] != OK:
		_close("")
		return []
	return result[1]


## Looks for [param count] bytes without sleeping: a core that sleeps wakes slowly.
func _spin(count: int) -> void:
	var until_usec: int = Time.get_ticks_usec() + spin_usec
	while _peer.get_available_bytes() < count and Time.get_ticks_usec() < until_usec:
		pass


## Takes what is there and sees to the window in between.
func _read_patiently(count: int) -> PackedByteArray:
	var bytes: PackedByteArray = []
	var pause_usec: int = SHORTEST_POLL_USEC
	while bytes.size() < count and not is_closed:
		check()
		var result: Array = _peer.get_partial_data(count - bytes.size())
		var part: PackedByteArray = result[1]
		if result[0] != OK:
			_close("")
		elif part.is_empty():
			_idle(pause_usec)
			pause_usec = mini(pause_usec * 2, LONGEST_POLL_USEC)
		bytes.append_array(part)
	return [] if is_closed else bytes


## Input that comes meanwhile reaches the game here: before any other node of the tick has run.
func _idle(usec: int) -> void:
	OS.delay_usec(usec)
	if _has_window and Time.get_ticks_msec() >= _next_events_msec:
		_next_events_msec = Time.get_ticks_msec() + WINDOW_EVENTS_MSEC
		DisplayServer.process_events()


func _close(reason: String) -> void:
	is_closed = true
	problem = reason
	if _peer != null:
		_peer.disconnect_from_host()
