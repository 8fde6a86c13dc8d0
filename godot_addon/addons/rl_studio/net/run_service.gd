@tool
extends RefCounted
## Starts and stops runs, and follows those whose curves or log are on the screen.

## A run that was asked for here has begun.
signal started(run: RlRunState)

const RlBackendClient := preload("backend_client.gd")
const RlProblem := preload("../core/problem.gd")
const RlRead := preload("../core/read.gd")
const RlReply := preload("../core/reply.gd")
const RlRunState := preload("../core/run_state.gd")
const RlStudioState := preload("../core/studio_state.gd")

const START_TIMEOUT_MS: int = 60_000

var _state: RlStudioState
var _client: RlBackendClient
## Runs that were asked to be followed on this connection.
var _followed: Dictionary[String, bool] = {}
## Runs the Metrics dock shows.
var _shown: PackedStringArray = []


func _init(state: RlStudioState, client: RlBackendClient) -> void:
	_state = state
	_client = client
	_client.event_received.connect(_on_event_received)
	_state.continuation.run_wanted.connect(load_beginning)


## After (re)connecting: the newest run that goes on becomes the current one, and is followed.
func resume() -> void:
	_followed.clear()
	var active: RlRunState = _state.active_run()
	if active != null:
		_state.set_current_run(active)
	elif _state.current_run == null and not _state.runs.is_empty():
		_state.set_current_run(_state.runs[0])
	_sync()


## The Metrics dock shows these runs.
func show_runs(ids: PackedStringArray) -> void:
	_shown = ids
	_sync()


## Starts a run of the open experiment, or one that goes on, see Continuation. The editor has taken
## in all files of the project.
func start() -> void:
	_state.set_problem(null)
	var params: Dictionary = {"experiment": _state.experiment, "overrides": {}}
	params["imported_by"] = OS.get_executable_path()
	params.merge(_state.continuation.params(), true)
	_client.request("run.start", params, _on_started, START_TIMEOUT_MS)


## Asks for what is wanted of the run that the next one is to begin with.
func load_beginning(run_id: String) -> void:
	_client.request("run.checkpoints", {"run_id": run_id}, _on_beginning_checkpoints.bind(run_id))
	_client.request("run.config", {"run_id": run_id}, _on_beginning_config.bind(run_id))


## Asks a run to save and stop. Returns at once; the run tells when it did.
func stop(run_id: String) -> void:
	var run: RlRunState = _state.run(run_id)
	if run != null and run.is_active():
		run.state = "stopping"
		_state.run_changed.emit(run)
	_client.request("run.stop", {"run_id": run_id}, _on_stopped)


func _sync() -> void:
	var wanted: PackedStringArray = _shown.duplicate()
	if _state.current_run != null and _state.current_run.id not in wanted:
		wanted.append(_state.current_run.id)
	for id: String in wanted:
		if not _followed.has(id) and _state.run(id) != null and _client.is_open():
			_follow(_state.run(id))
	for id: String in _followed.keys():
		if id not in wanted:
			_followed.erase(id)
			_client.request("run.unfollow", {"run_id": id}, func(_reply: RlReply) -> void: pass)


func _follow(run: RlRunState) -> void:
	_followed[run.id] = true
	var params: Dictionary = {"run_id": run.id, "after_seq": run.last_seq}
	if run.log_end > 0:
		params["log_offset"] = run.log_end
	_client.request("run.follow", params, _on_followed.bind(run.id))


func _on_followed(reply: RlReply, run_id: String) -> void:
	if not reply.ok:
		_followed.erase(run_id)


func _on_started(reply: RlReply) -> void:
	if not reply.ok:
		var refusals: Array[Dictionary] = RlRead.dicts(reply.data, "errors")
		if not refusals.is_empty():
			_state.form_in_use().show_refusals(refusals)
		_state.set_problem(RlProblem.new(reply.message, reply.hint))
		return
	var run: RlRunState = _state.update_run(RlRead.dict(reply.result, "run"))
	_state.continuation.begin(run.id)
	_state.set_current_run(run)
	_sync()
	started.emit(run)


func _on_beginning_checkpoints(reply: RlReply, run_id: String) -> void:
	if run_id != _state.continuation.run_id:
		return
	if reply.ok:
		_state.continuation.take_checkpoints(RlRead.dicts(reply.result, "checkpoints"))
	else:
		_state.continuation.fail(reply.message)


func _on_beginning_config(reply: RlReply, run_id: String) -> void:
	if run_id != _state.continuation.run_id:
		return
	if reply.ok:
		var info: Dictionary = _state.trainer_info(RlRead.text(reply.result, "trainer"))
		_state.continuation.take_config(
			RlRead.dicts(info, "fields"), RlRead.dict(reply.result, "config")
		)
	else:
		_state.continuation.fail(reply.message)


func _on_stopped(reply: RlReply) -> void:
	if not reply.ok:
		_state.set_problem(RlProblem.new(reply.message, reply.hint))
	else:
		_state.update_run(RlRead.dict(reply.result, "run"))


func _on_event_received(event: String, data: Dictionary) -> void:
	match event:
		"run.changed":
			var run: RlRunState = _state.update_run(RlRead.dict(data, "run"))
			_state.continuation.note_run(run.id, run.has_begun())
			if (
				run.is_active()
				and (_state.current_run == null or not _state.current_run.is_active())
			):
				_state.set_current_run(run)  # started elsewhere, by the command line
				_sync()
		"run.samples":
			_state.add_samples(RlRead.text(data, "run_id"), RlRead.dicts(data, "samples"))
		"run.log":
			_state.add_log(
				RlRead.text(data, "run_id"),
				RlRead.integer(data, "start"),
				RlRead.integer(data, "end"),
				RlRead.text(data, "text")
			)
