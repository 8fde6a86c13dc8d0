@tool
extends RefCounted
## One run of the set-up: a Python that does the work, its progress, and its end. Poll it; it never
## waits. The Python, and all that it starts, ends when its standard input is closed: when the user
## cancels, and when the editor is gone.

enum RlOutcome { RUNNING, DONE, FAILED, CANCELLED }

const RlProblem := preload("../core/problem.gd")
const RlRead := preload("../core/read.gd")

const PROGRAM: String = (
	"import sys; sys.path.insert(0, sys.argv[1]);"
	+ "from rl_studio.setup.__main__ import main; main()"
)
const GRACE_MS: int = 15_000

var outcome: RlOutcome = RlOutcome.RUNNING
## 0 to 1.
var fraction: float = 0.0
var text: String = "Starting Python"
var notes: PackedStringArray = []
## Lines of the log that nobody has taken yet.
var new_lines: PackedStringArray = []
## Why it failed; null unless it did.
var problem: RlProblem
## The Python of the environment, once it is done.
var python: String = ""

var _pid: int = -1
var _stdio: FileAccess
var _stderr: FileAccess
var _rest: String = ""
var _errors: String = ""
var _deadline_ms: int = 0


## Starts [param with_python] on the package [param wheel]; [param words] are "set-up" or "remove"
## and options.
func start(with_python: String, wheel: String, words: PackedStringArray) -> void:
	var arguments: PackedStringArray = ["-I", "-c", PROGRAM, wheel]
	arguments.append_array(words)
	var started: Dictionary = OS.execute_with_pipe(with_python, arguments, false)
	if started.is_empty():
		_fail(RlProblem.new("%s could not be started." % with_python, "Choose another Python."))
		return
	_pid = started["pid"]
	_stdio = started["stdio"]
	_stderr = started["stderr"]


## Ends it. It takes a moment until it is gone; then [member outcome] is CANCELLED.
func cancel() -> void:
	if outcome == RlOutcome.RUNNING and _deadline_ms == 0:
		text = "Stopping…"
		_stdio = null  # closes its standard input
		_deadline_ms = Time.get_ticks_msec() + GRACE_MS


## Looks after it; true once it is over.
func poll() -> bool:
	if outcome != RlOutcome.RUNNING:
		return true
	var is_running: bool = OS.is_process_running(_pid)
	_errors = (_errors + _stderr.get_buffer(16_384).get_string_from_utf8()).right(4000)
	if _deadline_ms > 0:
		if is_running and Time.get_ticks_msec() > _deadline_ms:
			OS.kill(_pid)
		if not is_running:
			_end(RlOutcome.CANCELLED)
		return outcome != RlOutcome.RUNNING
	_read()
	if not is_running and outcome == RlOutcome.RUNNING:
		_read()
		if outcome == RlOutcome.RUNNING:
			_die(OS.get_process_exit_code(_pid))
	return outcome != RlOutcome.RUNNING


func _read() -> void:
	while _stdio != null:
		var bytes: PackedByteArray = _stdio.get_buffer(65_536)
		if bytes.is_empty():
			return
		var lines: PackedStringArray = (_rest + bytes.get_string_from_ascii()).split("\n")
		_rest = lines[lines.size() - 1]
		for line: String in lines.slice(0, -1):
			var json: JSON = JSON.new()
			if json.parse(line) == OK and json.data is Dictionary:
				var event: Dictionary = json.data
				_take(event)


func _take(event: Dictionary) -> void:
	match RlRead.text(event, "event"):
		"phase":
			text = RlRead.text(event, "text")
		"progress":
			text = RlRead.text(event, "text")
			fraction = RlRead.number(event, "fraction", fraction)
		"note":
			notes.append(RlRead.text(event, "text"))
		"line":
			new_lines.append(RlRead.text(event, "text"))
		"done":
			python = RlRead.text(event, "python")
			fraction = 1.0
			_end(RlOutcome.DONE)
		"error":
			_fail(RlProblem.new(RlRead.text(event, "message"), RlRead.text(event, "hint")))


func _die(code: int) -> void:
	var lines: PackedStringArray = _errors.strip_edges().split("\n", false)
	var last: PackedStringArray = lines.slice(maxi(lines.size() - 3, 0))
	var what: String = "The set-up ended with exit code %d." % code
	_fail(RlProblem.new(what, "Retry goes on from here.", last))


func _fail(why: RlProblem) -> void:
	problem = why
	_end(RlOutcome.FAILED)


func _end(how: RlOutcome) -> void:
	outcome = how
	_stdio = null
	_stderr = null
