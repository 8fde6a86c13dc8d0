@tool
extends RefCounted
## Who uses the managed environment in this project: the dock's backend, and runs that go on.

const RlManagedEnvironment := preload("managed_environment.gd")
const RlPythonFinder := preload("../net/python_finder.gd")
const RlRead := preload("../core/read.gd")
const RlRunState := preload("../core/run_state.gd")
const RlStudioState := preload("../core/studio_state.gd")

var _state: RlStudioState
## The Pythons of runs, by their ids.
var _pythons: Dictionary[String, String] = {}


## Of the project that [param state] shows.
func _init(state: RlStudioState) -> void:
	_state = state


## Which Python the dock is connected to, and who named another one than [param environment]'s.
func text(environment: RlManagedEnvironment) -> String:
	var named: RlPythonFinder.RlCandidate = _named()
	var lines: PackedStringArray = []
	var python: String = _connected()
	if python != "":
		var is_there: bool = environment.state != RlManagedEnvironment.RlState.ABSENT
		var is_other: bool = is_there and not RlPythonFinder.is_same(python, environment.python)
		var other: String = ", which is not this environment" if is_other else ""
		lines.append("The dock is connected to %s%s." % [python, other])
	if named != null and not RlPythonFinder.is_same(named.python, environment.python):
		lines.append("This project uses %s because of %s." % [named.python, named.source])
	return "\n".join(lines)


## Whether the user can turn from the Python in use to [param environment] by a press. It
## must not be older than [param version].
func can_change_to(environment: RlManagedEnvironment, version: String) -> bool:
	if not environment.fits(version):
		return false
	if OS.get_environment(RlPythonFinder.VARIABLE) != "":
		return false
	var python: String = _connected()
	if python == "" and _named() != null:
		python = _named().python
	return python != "" and not RlPythonFinder.is_same(python, environment.python)


## Why [param environment] cannot be changed now: the run that goes on with it; "" if it can.
func blocker(environment: RlManagedEnvironment) -> String:
	for run: RlRunState in _state.runs:
		if run.is_active() and _uses(run, environment):
			return "%s goes on with this environment: stop it, or wait until it ends." % run.title()
	return ""


func _connected() -> String:
	return RlRead.text(_state.backend, "python") if _state.is_ready() else ""


func _named() -> RlPythonFinder.RlCandidate:
	var named: Array[RlPythonFinder.RlCandidate] = RlPythonFinder.named(RlPythonFinder.chosen())
	return named[0] if not named.is_empty() else null


func _uses(run: RlRunState, environment: RlManagedEnvironment) -> bool:
	if not _pythons.has(run.id):
		var file: String = "res://.rl_studio/runs/%s/run.json" % run.id
		_pythons[run.id] = RlRead.text(RlRead.json_file(file), "python")
	var python: String = _pythons[run.id]
	return python == "" or RlPythonFinder.is_same(python, environment.python)
