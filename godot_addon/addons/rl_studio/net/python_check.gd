@tool
extends RefCounted
## One short run of a Python, to see whether rl_studio can be imported there. Poll it; never waits.

enum RlVerdict { RUNNING, GOOD, MISSING, NO_STUDIO, BROKEN }

const RlShortRun := preload("../setup/short_run.gd")

## Prints a word, so that a program that is no Python is not taken for one.
const PROGRAM: String = "import rl_studio; print(rl_studio.__name__)"
const TIMEOUT_MS: int = 20_000

var verdict: RlVerdict = RlVerdict.RUNNING
## The last line Python wrote to stderr, when it did not go well.
var complaint: String = ""

var _run: RlShortRun = RlShortRun.new()


## Starts [param python].
func start(python: String) -> void:
	if not _run.start(python, ["-c", PROGRAM], TIMEOUT_MS):
		verdict = RlVerdict.MISSING


## Looks after it; [member verdict] is final once it is not RUNNING.
func poll() -> void:
	if verdict == RlVerdict.RUNNING and _run.poll():
		_judge()


func _judge() -> void:
	var text: String = _run.output + _run.errors
	var lines: PackedStringArray = text.strip_edges().split("\n", false)
	complaint = lines[lines.size() - 1].strip_edges() if not lines.is_empty() else ""
	if _run.timed_out:
		complaint = "no answer within %d s" % roundi(TIMEOUT_MS / 1000.0)
		verdict = RlVerdict.BROKEN
	elif _run.exit_code == 0 and "rl_studio" in _run.output:
		verdict = RlVerdict.GOOD
	elif _run.exit_code == 0:
		complaint = "it does not answer as Python does"
		verdict = RlVerdict.BROKEN
	elif "No module named 'rl_studio'" in text:
		verdict = RlVerdict.NO_STUDIO
	else:
		if complaint == "":
			complaint = "it ended with exit code %d" % _run.exit_code
		verdict = RlVerdict.BROKEN
