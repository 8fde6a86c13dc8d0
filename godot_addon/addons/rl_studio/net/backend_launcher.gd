@tool
extends Node
## Finds a Python that has rl_studio, starts the backend with it and tells when it can be reached.
## Works in steps from [method _process], so that the editor never waits.

## What is being done, for the status line.
signal progressed(text: String)
## The discovery file of a fresh backend is there.
signal ready_to_connect
## It cannot be done; [param problem] says why and what helps.
signal failed(problem: RlProblem)

const RlDiscovery := preload("discovery.gd")
const RlProblem := preload("../core/problem.gd")
const RlPythonCheck := preload("python_check.gd")
const RlPythonFinder := preload("python_finder.gd")

const READY_TIMEOUT_S: int = 20
const EXIT_ALREADY_RUNNING: int = 3
const EXIT_DISK_FULL: int = 4
const EXIT_READ_ONLY: int = 5
const IDLE_SECONDS: int = 30
const CHOOSE: String = "Choose another Python, or take that name away and press Set up."
const SET_UP: String = "Press Set up in the Train dock: it installs what is needed."

var _project_dir: String = ""
var _state_dir: String = ""
var _candidates: Array[RlPythonFinder.RlCandidate] = []
var _tried: PackedStringArray = []
## The first Python that lacks rl_studio, if any does.
var _without_studio: RlPythonFinder.RlCandidate
## Whether the user has named a Python, which then is the only one that is tried.
var _is_named: bool = false
var _check: RlPythonCheck
var _pid: int = -1
var _old_token: String = ""
var _deadline_ms: int = 0


func _ready() -> void:
	set_process(false)


## Starts a backend for the project in [param project_dir]; [param python_setting] is the editor
## setting, which may be empty.
func launch(project_dir: String, state_dir: String, python_setting: String) -> void:
	_project_dir = project_dir
	_state_dir = state_dir
	_pid = -1
	_tried.clear()
	_without_studio = null
	_candidates = RlPythonFinder.candidates(state_dir, python_setting)
	_is_named = not _candidates.is_empty() and _candidates[0].is_explicit
	_check = null
	progressed.emit("Looking for Python…")
	set_process(true)


## Whether it is at work.
func is_busy() -> bool:
	return is_processing()


## Stops looking. A backend that was started already ends by itself, since nobody comes.
func cancel() -> void:
	_check = null
	_pid = -1
	set_process(false)


func _process(_delta: float) -> void:
	if _pid != -1:
		_watch_start()
	elif _check == null:
		_check_next()
	else:
		_check.poll()
		if _check.verdict != RlPythonCheck.RlVerdict.RUNNING:
			_on_checked(_candidates[0])


func _check_next() -> void:
	if _candidates.is_empty():
		_fail(_no_python_problem())
		return
	_check = RlPythonCheck.new()
	_check.start(_candidates[0].python)


func _on_checked(candidate: RlPythonFinder.RlCandidate) -> void:
	var verdict: RlPythonCheck.RlVerdict = _check.verdict
	var complaint: String = _check.complaint
	_check = null
	_candidates.pop_front()
	if verdict == RlPythonCheck.RlVerdict.GOOD:
		_start(candidate.python)
		return
	var why: String = complaint
	match verdict:
		RlPythonCheck.RlVerdict.MISSING:
			why = "there is no such program"
		RlPythonCheck.RlVerdict.NO_STUDIO:
			why = "rl_studio is not installed in it"
			if _without_studio == null:
				_without_studio = candidate
	_tried.append("%s (from %s): %s" % [candidate.python, candidate.source, why])


func _start(python: String) -> void:
	progressed.emit("Starting the backend…")
	var old: RlDiscovery = RlDiscovery.new()
	_old_token = old.token if old.load_from(_state_dir) else ""
	var arguments: PackedStringArray = ["-m", "rl_studio", "serve", "--project", _project_dir]
	arguments.append_array(["--exit-when-idle", str(IDLE_SECONDS)])
	var godot_before: String = OS.get_environment("GODOT")
	# Games are trained with this very editor's binary.
	OS.set_environment("GODOT", OS.get_executable_path())
	_pid = OS.create_process(python, arguments)
	if godot_before == "":
		OS.unset_environment("GODOT")
	else:
		OS.set_environment("GODOT", godot_before)
	_deadline_ms = Time.get_ticks_msec() + READY_TIMEOUT_S * 1000
	if _pid == -1:
		_fail(RlProblem.new("%s could not be started." % python, "Choose another Python."))


func _watch_start() -> void:
	var found: RlDiscovery = RlDiscovery.new()
	var has_file: bool = found.load_from(_state_dir)
	if has_file and found.token != _old_token:
		_finish_start(found)
	elif not OS.is_process_running(_pid):
		var code: int = OS.get_process_exit_code(_pid)
		if code == EXIT_ALREADY_RUNNING and has_file:
			_finish_start(found)
		else:
			_fail(_early_end(code))
	elif Time.get_ticks_msec() > _deadline_ms:
		OS.kill(_pid)
		_fail(_ended_problem("The backend was not ready within %d s." % READY_TIMEOUT_S))


func _finish_start(found: RlDiscovery) -> void:
	cancel()
	if found.protocol != RlDiscovery.PROTOCOL:
		var what: String = (
			"The backend speaks %s, this addon %s." % [found.protocol, RlDiscovery.PROTOCOL]
		)
		failed.emit(RlProblem.new(what, "Bring both to the same version. %s" % SET_UP))
		return
	ready_to_connect.emit()


func _fail(problem: RlProblem) -> void:
	cancel()
	problem.can_choose_python = true
	failed.emit(problem)


## Why a backend ended before it was ready. Where nothing can be written, it has no log.
func _early_end(code: int) -> RlProblem:
	match code:
		EXIT_DISK_FULL:
			return RlProblem.new(
				"The disk of the project is full.",
				"Make room on it, for instance by deleting old runs in %s/runs." % _state_dir
			)
		EXIT_READ_ONLY:
			return RlProblem.new(
				"The project cannot be written to: %s is read-only." % _project_dir,
				"Make it writable, or work on a copy of the project."
			)
	return _ended_problem("The backend ended at once, with exit code %d." % code)


func _ended_problem(what: String) -> RlProblem:
	var lines: PackedStringArray = RlDiscovery.log_tail(_state_dir, 8)
	return RlProblem.new(what, "Its log is .rl_studio/backend.log in the project.", lines)


func _no_python_problem() -> RlProblem:
	var hint: String = CHOOSE if _is_named else SET_UP
	if _without_studio != null:
		var what: String = "The Python package of RL Studio is not installed in %s, named by %s."
		var names: Array[String] = [_without_studio.python, _without_studio.source]
		return RlProblem.new(what % names, hint, _tried)
	if _tried.is_empty():
		_tried.append("Nothing is named python3 or python on PATH.")
	return RlProblem.new("No usable Python was found.", hint, _tried)
