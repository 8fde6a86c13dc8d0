@tool
extends Node
## Keeps the connection: attaches to a backend that runs, starts one when the user asks for it,
## greets it, asks for what the docks show, and says honestly when it is gone.

## Connected, and the lists of trainers, experiments and runs are there.
signal greeted

const RlBackendClient := preload("backend_client.gd")
const RlBackendLauncher := preload("backend_launcher.gd")
const RlDiscovery := preload("discovery.gd")
const RlProblem := preload("../core/problem.gd")
const RlPythonFinder := preload("python_finder.gd")
const RlRead := preload("../core/read.gd")
const RlReply := preload("../core/reply.gd")
const RlRunState := preload("../core/run_state.gd")
const RlStudioState := preload("../core/studio_state.gd")

const ATTACH_INTERVAL_S: float = 2.0
const LEAVE_TIMEOUT_MS: int = 15_000

var _state: RlStudioState
var _client: RlBackendClient
var _launcher: RlBackendLauncher
var _project_dir: String = ""
var _state_dir: String = ""
var _addon_version: String = ""
var _attach_timer: Timer = Timer.new()
## Whether a failed attempt is passed over in silence (nobody asked for it).
var _is_quiet: bool = false
## Whether the backend is to be left if it is of another Python than the one to be used.
var _is_change_wanted: bool = false
## Until when a backend that was asked to end is waited for.
var _leave_deadline_ms: int = 0


func _ready() -> void:
	set_process(false)


## [param project_dir]: the folder with project.godot on disk.
func setup(
	state: RlStudioState, client: RlBackendClient, project_dir: String, addon_version: String
) -> void:
	_state = state
	_client = client
	_project_dir = project_dir
	_state_dir = project_dir.path_join(".rl_studio")
	_addon_version = addon_version
	_launcher = RlBackendLauncher.new()
	add_child(_launcher)
	_launcher.progressed.connect(_on_launcher_progressed)
	_launcher.ready_to_connect.connect(_on_launcher_ready)
	_launcher.failed.connect(_on_launcher_failed)
	_client.opened.connect(_on_client_opened)
	_client.lost.connect(_on_client_lost)
	_client.gave_up.connect(_on_client_gave_up)
	_state.run_changed.connect(func(_run: RlRunState) -> void: _change_after_run())
	_attach_timer.wait_time = ATTACH_INTERVAL_S
	_attach_timer.timeout.connect(attach)
	add_child(_attach_timer)


## A dock is (not) on the screen: looks from time to time whether a backend is there to attach to.
func set_watching(watching: bool) -> void:
	if watching != _attach_timer.is_stopped():
		return
	if watching:
		_attach_timer.start()
		attach()
	else:
		_attach_timer.stop()


## Connects to a backend that is running already; starts none and complains of nothing.
func attach() -> void:
	if _client.is_open() or _client.is_processing() or _launcher.is_busy() or is_processing():
		return
	if not RlDiscovery.new().load_from(_state_dir):
		return
	_is_quiet = true
	_client.open(_state_dir, false)


## The user wants a connection: attaches, or finds Python and starts a backend.
func connect_backend() -> void:
	if _client.is_open():
		_client.request("trainer.list", {}, _on_trainers)  # another one may be installed by now
		return
	if _launcher.is_busy() or is_processing():
		return
	_is_quiet = false
	_state.set_link(RlStudioState.RlLink.CONNECTING, "Connecting…")
	if RlDiscovery.new().load_from(_state_dir):
		_client.open(_state_dir, false)
	else:
		_launch()


## Another Python may be the one to use by now: goes over to it, and ends the backend of the old
## one. If a run goes on there, that is waited for.
func change_python() -> void:
	_is_change_wanted = true
	if _state.is_ready():
		_change()
	elif not is_processing():
		_launcher.cancel()
		connect_backend()


## Tells the user that something he wanted is not done; the connection stays as it is.
func tell(problem: RlProblem) -> void:
	if _client.is_open():
		_state.set_problem(problem)
	else:
		_state.set_link(RlStudioState.RlLink.FAILED, "Not connected", problem)


## Closes everything; the backend ends by itself when nobody needs it.
func shut_down() -> void:
	_attach_timer.stop()
	set_process(false)
	_launcher.cancel()
	_client.close()


func _launch() -> void:
	_state.set_link(RlStudioState.RlLink.STARTING, "Starting…")
	_launcher.launch(_project_dir, _state_dir, RlPythonFinder.chosen())


## Waits until the old backend has gone.
func _process(_delta: float) -> void:
	var is_there: bool = RlDiscovery.new().load_from(_state_dir)
	if not is_there or Time.get_ticks_msec() > _leave_deadline_ms:
		set_process(false)
		_launch()


func _change() -> void:
	var now: String = RlRead.text(_state.backend, "python")
	var wanted: RlPythonFinder.RlCandidate = RlPythonFinder.wanted(_project_dir)
	if wanted == null or RlPythonFinder.is_same(wanted.python, now):
		_is_change_wanted = false
		connect_backend()
		return
	var run: RlRunState = _state.active_run()
	if run != null:
		var what: String = "%s goes on with %s." % [run.title(), now]
		var hint: String = "When it has ended, the dock goes over to %s by itself."
		_state.set_problem(RlProblem.new(what, hint % wanted.python))
		return
	_is_change_wanted = false
	_client.request("backend.shutdown", {}, _on_backend_asked_to_end)


func _change_after_run() -> void:
	if _is_change_wanted and _state.is_ready() and _state.active_run() == null:
		_state.set_problem(null)
		_change()


func _on_backend_asked_to_end(reply: RlReply) -> void:
	if not reply.ok and _client.is_open():
		_is_change_wanted = reply.code == "runs_active"
		_state.set_problem(RlProblem.new(reply.message, reply.hint))
		return
	_client.close()
	_leave_deadline_ms = Time.get_ticks_msec() + LEAVE_TIMEOUT_MS
	_is_quiet = false
	_state.set_link(RlStudioState.RlLink.STARTING, "Changing to another Python…")
	set_process(true)


func _greet() -> void:
	var client_name: String = (
		"Godot editor %s, addon %s" % [Engine.get_version_info()["string"], _addon_version]
	)
	_client.request("hello", {"client": client_name}, _on_hello)
	_client.request("trainer.list", {}, _on_trainers)
	_client.request("experiment.list", {}, _on_experiments)
	_client.request("run.list", {"limit": 100}, _on_runs)


func _on_launcher_progressed(text: String) -> void:
	_state.set_link(RlStudioState.RlLink.STARTING, text)


func _on_launcher_ready() -> void:
	_is_quiet = false
	_state.set_link(RlStudioState.RlLink.CONNECTING, "Connecting…")
	_client.open(_state_dir, true)


func _on_launcher_failed(problem: RlProblem) -> void:
	_state.set_link(RlStudioState.RlLink.FAILED, "Not connected", problem)


func _on_client_opened() -> void:
	_state.set_link(RlStudioState.RlLink.CONNECTING, "Connected, loading…")
	_greet()


func _on_client_lost() -> void:
	_state.set_link(RlStudioState.RlLink.LOST, "The backend is gone. Reconnecting…")


func _on_client_gave_up(was_open: bool) -> void:
	if was_open:
		var problem: RlProblem = RlProblem.new(
			"The connection to the backend is lost: it ended or was killed.",
			"Runs go on without it. Press Connect to start it again.",
			RlDiscovery.log_tail(_state_dir, 6)
		)
		_state.set_link(RlStudioState.RlLink.FAILED, "Not connected", problem)
	elif _is_quiet:
		return
	elif _state.link == RlStudioState.RlLink.CONNECTING and not _launcher.is_busy():
		# The discovery file was left behind by a backend that is dead.
		_launch()


func _on_hello(reply: RlReply) -> void:
	if not reply.ok:
		_state.set_link(
			RlStudioState.RlLink.FAILED, "Not connected", RlProblem.new(reply.message, reply.hint)
		)
		return
	_state.backend = reply.result
	var version: String = RlRead.text(reply.result, "version")
	if version != _addon_version:
		var what: String = "The addon is version %s, the Python package %s."
		var hint: String = (
			"Upgrade, in Python environment below, brings the package up to date;"
			+ ' "rl-studio install-addon" the addon.'
		)
		_state.set_problem(RlProblem.new(what % [_addon_version, version], hint))


func _on_trainers(reply: RlReply) -> void:
	if reply.ok:
		_state.set_trainers(RlRead.dicts(reply.result, "trainers"))


func _on_experiments(reply: RlReply) -> void:
	if not reply.ok:
		return
	var names: PackedStringArray = []
	for info: Dictionary in RlRead.dicts(reply.result, "experiments"):
		names.append(RlRead.text(info, "name"))
	_state.set_experiments(names)


func _on_runs(reply: RlReply) -> void:
	if not reply.ok:
		return
	for info: Dictionary in RlRead.dicts(reply.result, "runs"):
		_state.update_run(info)
	_state.set_link(RlStudioState.RlLink.READY, "Connected")
	greeted.emit()
	if _is_change_wanted:
		_change()
