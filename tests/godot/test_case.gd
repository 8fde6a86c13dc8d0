extends Node
## Base of all GDScript tests. Write `extends "test_case.gd"` in a file named test_*.gd and give it
## methods named test_*; they may await. Every test method runs on an instance of its own, which is
## in the tree below root while it runs.
##
## An expectation that fails is noted and the test goes on. Every `expect_*` returns whether it
## held, to leave early: `if not expect_true(x): return`.

## What went wrong in the test that ran on this instance.
var failures: PackedStringArray = []
## How many expectations were checked.
var checked: int = 0


## Override: runs before the test method. May await.
func before_each() -> void:
	pass


## Override: runs after the test method. May await.
func after_each() -> void:
	pass


func expect_true(condition: bool, message: String = "expected true") -> bool:
	checked += 1
	if not condition:
		fail(message)
	return condition


func expect_false(condition: bool, message: String = "expected false") -> bool:
	return expect_true(not condition, message)


## Compares types as well: 1 is not 1.0, a String is not a StringName.
func expect_eq(actual: Variant, expected: Variant, message: String = "") -> bool:
	return expect_true(
		_are_equal(actual, expected),
		_prefix(message) + "expected %s, got %s" % [_show(expected), _show(actual)]
	)


func expect_ne(actual: Variant, other: Variant, message: String = "") -> bool:
	return expect_true(
		not _are_equal(actual, other), _prefix(message) + "expected anything but %s" % _show(other)
	)


func expect_near(
	actual: float, expected: float, tolerance: float = 1e-6, message: String = ""
) -> bool:
	return expect_true(
		absf(actual - expected) <= tolerance,
		_prefix(message) + "expected %s ± %s, got %s" % [expected, tolerance, actual]
	)


## Compares two arrays of numbers (packed or not) one by one.
func expect_all_near(
	actual: Variant, expected: Variant, tolerance: float = 1e-6, message: String = ""
) -> bool:
	var ours: Array = actual
	var theirs: Array = expected
	if not expect_eq(ours.size(), theirs.size(), _prefix(message) + "number of entries"):
		return false
	for index: int in ours.size():
		var our: float = ours[index]
		var their: float = theirs[index]
		if not expect_near(our, their, tolerance, "%s[%d]" % [message, index]):
			return false
	return true


## Holds if [param text] contains [param part].
func expect_contains(text: String, part: String, message: String = "") -> bool:
	return expect_true(part in text, _prefix(message) + 'expected "%s" in "%s"' % [part, text])


func expect_null(actual: Variant, message: String = "") -> bool:
	return expect_true(actual == null, _prefix(message) + "expected null, got %s" % _show(actual))


func expect_not_null(actual: Variant, message: String = "expected something, got null") -> bool:
	return expect_true(actual != null, message)


## Notes a failure, with the line of the test that made it.
func fail(message: String) -> void:
	var place: String = ""
	for frame: Dictionary in get_stack():
		var source: String = frame["source"]
		if not source.ends_with("test_case.gd"):
			place = "line %d: " % frame["line"]
			break
	failures.append(place + message)


## Waits until [param condition] returns true; fails after [param timeout_s].
func wait_until(condition: Callable, timeout_s: float = 5.0, message: String = "") -> bool:
	var deadline: int = Time.get_ticks_msec() + roundi(timeout_s * 1000.0)
	while not condition.call():
		if Time.get_ticks_msec() > deadline:
			return expect_true(false, _prefix(message) + "waited %s s in vain" % timeout_s)
		await get_tree().process_frame
	return expect_true(true)


func _are_equal(left: Variant, right: Variant) -> bool:
	if typeof(left) != typeof(right):
		return false
	var equal: bool = left == right
	return equal


func _prefix(message: String) -> String:
	return "" if message.is_empty() else message + ": "


func _show(value: Variant) -> String:
	return "%s (%s)" % [value, type_string(typeof(value))]
