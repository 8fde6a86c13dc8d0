@tool
extends Node
## Looks at an interpreter that the user has chosen, before anything is changed for it.

## It has rl_studio.
signal accepted(python: String)
## It cannot be used; [param problem] says why.
signal refused(problem: RlProblem)

const RlProblem := preload("../core/problem.gd")
const RlPythonCheck := preload("python_check.gd")

const WAY_OUT: String = (
	"Nothing was changed. Install godot-rl-studio in it, choose another one, or press Set up under"
	+ " Python environment."
)

var _python: String = ""
var _check: RlPythonCheck


func _ready() -> void:
	set_process(false)


## Begins to look at [param python]; one of the signals follows.
func look_at(python: String) -> void:
	_python = python
	_check = RlPythonCheck.new()
	_check.start(python)
	set_process(true)


func _process(_delta: float) -> void:
	_check.poll()
	var why: String = ""
	match _check.verdict:
		RlPythonCheck.RlVerdict.RUNNING:
			return
		RlPythonCheck.RlVerdict.MISSING:
			why = "there is no such program, or it cannot be started"
		RlPythonCheck.RlVerdict.NO_STUDIO:
			why = "the Python package of RL Studio, rl_studio, is not installed in it"
		RlPythonCheck.RlVerdict.BROKEN:
			why = _check.complaint
	set_process(false)
	if why == "":
		accepted.emit(_python)
		return
	var problem: RlProblem = RlProblem.new("%s is not used: %s." % [_python, why], WAY_OUT)
	problem.can_choose_python = true
	refused.emit(problem)
