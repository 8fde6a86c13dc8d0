extends "test_case.gd"
## Requests and their answers, without a socket.

const RlExchange := preload("res://addons/rl_studio/net/exchange.gd")
const RlPythonFinder := preload("res://addons/rl_studio/net/python_finder.gd")
const RlReply := preload("res://addons/rl_studio/core/reply.gd")

var _replies: Array[RlReply] = []


func test_a_response_goes_to_whoever_asked() -> void:
	var exchange: RlExchange = RlExchange.new()
	var first: Dictionary = exchange.open("hello", {"client": "x"}, _on_reply, 1000)
	var second: Dictionary = exchange.open("run.list", {}, _on_reply, 1000)
	expect_ne(first["id"], second["id"])
	expect_eq(first["method"], "hello")
	var answer: Dictionary = {"type": "response", "id": second["id"], "result": {"runs": []}}
	expect_true(exchange.settle(answer))
	expect_eq(_replies[0].result, {"runs": []})
	expect_false(exchange.settle(answer), "answered once only")
	expect_eq(exchange.size(), 1)


func test_an_error_carries_hint_and_data() -> void:
	var exchange: RlExchange = RlExchange.new()
	var id: int = exchange.open("x", {}, _on_reply, 1000)["id"]
	var error: Dictionary = {
		"code": "invalid_config", "message": "No.", "hint": null, "data": {"errors": [1]}
	}
	exchange.settle({"type": "error", "id": id, "error": error})
	expect_false(_replies[0].ok)
	expect_eq(_replies[0].code, "invalid_config")
	expect_eq(_replies[0].hint, "")
	expect_eq(_replies[0].data, {"errors": [1]})


func test_requests_have_a_deadline() -> void:
	var exchange: RlExchange = RlExchange.new()
	exchange.open("slow", {}, _on_reply, 1000)
	exchange.expire(999)
	expect_eq(_replies.size(), 0)
	exchange.expire(1000)
	expect_eq(_replies[0].code, "timeout")
	expect_contains(_replies[0].message, "slow")


func test_a_break_fails_all_even_if_an_answer_asks_again() -> void:
	var exchange: RlExchange = RlExchange.new()
	var ask_again: Callable = func(reply: RlReply) -> void:
		_replies.append(reply)
		exchange.open("again", {}, _on_reply, 1000)
	exchange.open("a", {}, ask_again, 1000)
	exchange.open("b", {}, _on_reply, 1000)
	exchange.fail_all("gone")
	expect_eq(_replies.size(), 2)
	expect_eq(exchange.size(), 1)


func test_a_python_the_user_named_is_the_only_candidate() -> void:
	var found: Array[RlPythonFinder.RlCandidate] = RlPythonFinder.candidates(
		"res://nowhere", "/my/python"
	)
	expect_eq(found[0].python, "/my/python")
	expect_true(found.all(func(one: RlPythonFinder.RlCandidate) -> bool: return one.is_explicit))


func test_without_a_name_the_usual_places_are_tried() -> void:
	OS.unset_environment(RlPythonFinder.VARIABLE)
	for candidate: RlPythonFinder.RlCandidate in RlPythonFinder.candidates("res://nowhere", ""):
		expect_false(candidate.is_explicit)
	expect_eq(RlPythonFinder.user_file(), RlPythonFinder.data_dir().path_join("python.json"))


func _on_reply(reply: RlReply) -> void:
	_replies.append(reply)
