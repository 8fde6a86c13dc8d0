@tool
extends RefCounted
## One short run of a Python, to see whether rl_studio can be imported there. Poll it; never waits.

enum RlVerdict { RUNNING, GOOD, MISSING, NO_STUDIO, BROKEN }

const TIMEOUT_MS: int = 20_000

var verdict: RlVerdict = RlVerdict.RUNNING
## The last line Python wrote to stderr, when it did not go well.
var complaint: String = ""

var _pid: int = -1
var _pipes: Array[FileAccess] = []
var _output: String = ""
var _deadline_ms: int = 0


## Starts [param python].
func start(python: String) -> void:
	if python.is_absolute_path() and not FileAccess.file_exists(python):
		verdict = RlVerdict.MISSING
		return
	var started: Dictionary = OS.execute_with_pipe(python, ["-c", "import rl_studio"], false)
	if started.is_empty():
		verdict = RlVerdict.MISSING
		return
	_pid = started["pid"]
	for key: String in ["stdio", "stderr"]:
		var pipe: FileAccess = started[key]
		_pipes.append(pipe)
	_deadline_ms = Time.get_ticks_msec() + TIMEOUT_MS


## Looks after it; [member verdict] is final once it is not RUNNING.
func poll() -> void:
	if verdict != RlVerdict.RUNNING:
		return
	var running: bool = OS.is_process_running(_pid)
	for pipe: FileAccess in _pipes:
		_output += pipe.get_buffer(16_384).get_string_from_utf8()
	if running and Time.get_ticks_msec() > _deadline_ms:
		OS.kill(_pid)
		complaint = "no answer within %d s" % roundi(TIMEOUT_MS / 1000.0)
		_conclude(RlVerdict.BROKEN)
	elif not running:
		_judge(OS.get_process_exit_code(_pid))


func _judge(exit_code: int) -> void:
	var lines: PackedStringArray = _output.strip_edges().split("\n", false)
	complaint = lines[lines.size() - 1].strip_edges() if not lines.is_empty() else ""
	if exit_code == 0:
		_conclude(RlVerdict.GOOD)
	elif "No module named 'rl_studio'" in _output:
		_conclude(RlVerdict.NO_STUDIO)
	else:
		if complaint == "":
			complaint = "it ended with exit code %d" % exit_code
		_conclude(RlVerdict.BROKEN)


func _conclude(what: RlVerdict) -> void:
	verdict = what
	_pipes.clear()
