@tool
extends RefCounted
## The requests that wait for their response: each has an id, a deadline and somebody to tell.
## Knows no socket and no clock; time comes in as milliseconds.

const RlRead := preload("../core/read.gd")
const RlReply := preload("../core/reply.gd")

var _next_id: int = 1
var _pending: Dictionary[int, RlPending] = {}


class RlPending:
	extends RefCounted
	var method: String = ""
	var deadline_ms: int = 0
	var on_reply: Callable


## Enters a request; [param on_reply] gets one Reply, whatever happens. Returns the message to send.
func open(method: String, params: Dictionary, on_reply: Callable, deadline_ms: int) -> Dictionary:
	var pending: RlPending = RlPending.new()
	pending.method = method
	pending.deadline_ms = deadline_ms
	pending.on_reply = on_reply
	var id: int = _next_id
	_next_id += 1
	_pending[id] = pending
	return {"type": "request", "id": id, "method": method, "params": params}


## Gives a response or error message to whoever asked. False if nobody waits for it (any more).
func settle(message: Dictionary) -> bool:
	var id: int = RlRead.integer(message, "id", -1)
	if not _pending.has(id):
		return false
	var reply: RlReply = RlReply.new()
	if RlRead.text(message, "type") == "error":
		var error: Dictionary = RlRead.dict(message, "error")
		reply.fail(
			RlRead.text(error, "code", "error"),
			RlRead.text(error, "message", "The backend refused without a reason."),
			RlRead.text(error, "hint")
		)
		reply.data = RlRead.dict(error, "data")
	else:
		reply.result = RlRead.dict(message, "result")
	_finish(id, reply)
	return true


## Fails what is past its deadline at [param now_ms].
func expire(now_ms: int) -> void:
	for id: int in _pending.keys():
		if _pending.has(id) and now_ms >= _pending[id].deadline_ms:
			var reply: RlReply = RlReply.new()
			reply.fail("timeout", "The backend did not answer to %s in time." % _pending[id].method)
			_finish(id, reply)


## Fails everything, because the connection is gone.
func fail_all(why: String) -> void:
	for id: int in _pending.keys():
		if _pending.has(id):
			var reply: RlReply = RlReply.new()
			reply.fail("disconnected", why)
			_finish(id, reply)


## How many requests wait.
func size() -> int:
	return _pending.size()


func _finish(id: int, reply: RlReply) -> void:
	var on_reply: Callable = _pending[id].on_reply
	_pending.erase(id)
	if on_reply.is_valid():
		on_reply.call(reply)
