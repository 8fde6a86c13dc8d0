@tool
extends RefCounted
## Lists checkpoints and has them exported.

## A file is in the project now; the editor has to take it in.
signal exported(resource_path: String)

const BackendClient := preload("backend_client.gd")
const ExportState := preload("../core/export_state.gd")
const Problem := preload("../core/problem.gd")
const ProofText := preload("../core/proof_text.gd")
const Read := preload("../core/read.gd")
const Reply := preload("../core/reply.gd")
const StudioState := preload("../core/studio_state.gd")

const START_TIMEOUT_MS: int = 60_000

var _state: ExportState
var _client: BackendClient


func _init(studio: StudioState, client: BackendClient) -> void:
	_state = studio.export_state
	_client = client
	_client.event_received.connect(_on_event_received)
	_client.lost.connect(_on_client_lost)


## Asks for the checkpoints of the chosen run.
func load_checkpoints() -> void:
	if _state.run_id != "" and _client.is_open():
		_client.request(
			"run.checkpoints", {"run_id": _state.run_id}, _on_checkpoints.bind(_state.run_id)
		)


## Starts an export of the chosen policies of the chosen checkpoint to [param path] (res://….onnx,
## with {policy} where a policy's name goes).
func start(path: String, opset: int, ir_version: int) -> void:
	var checkpoint: Dictionary = _state.checkpoint()
	var policies: PackedStringArray = _state.chosen_policies()
	if policies.is_empty() or _state.phase == ExportState.Phase.RUNNING:
		return
	_state.begin()
	var params: Dictionary = {
		"run_id": _state.run_id,
		"checkpoint": Read.integer(checkpoint, "timesteps"),
		"policies": Array(policies),
		"to": path,
		"opset": opset,
		"ir_version": ir_version,
	}
	_client.request("export.start", params, _on_started, START_TIMEOUT_MS)


## Gives up the export that goes on.
func cancel() -> void:
	if _state.phase == ExportState.Phase.RUNNING and not _state.is_cancelling:
		_state.cancel()
		_send_cancel()


# Before the backend has given the export a name there is nothing to cancel.
func _send_cancel() -> void:
	if _state.is_cancelling and _state.export_id != "":
		_client.request(
			"export.cancel", {"export_id": _state.export_id}, func(_reply: Reply) -> void: pass
		)


func _on_checkpoints(reply: Reply, run_id: String) -> void:
	if run_id != _state.run_id:
		return
	if reply.ok:
		_state.set_checkpoints(Read.dicts(reply.result, "checkpoints"))
	else:
		_state.set_checkpoints([], reply.message)


func _on_started(reply: Reply) -> void:
	if _state.phase != ExportState.Phase.RUNNING:
		return
	if reply.ok:
		_state.export_id = Read.text(reply.result, "export_id")
		_send_cancel()
	else:
		_state.finish({}, Problem.new(reply.message, reply.hint))


func _on_client_lost() -> void:
	if _state.phase == ExportState.Phase.RUNNING:
		_state.finish(
			{}, Problem.new("The backend went away during the export.", "Connect and export again.")
		)


func _on_event_received(event: String, data: Dictionary) -> void:
	if not event.begins_with("export.") or _state.phase != ExportState.Phase.RUNNING:
		return
	var id: String = Read.text(data, "export_id")
	if _state.export_id != "" and id != _state.export_id:
		return  # another client's
	match event:
		"export.progress":
			if not _state.is_cancelling:
				_state.report(Read.text(data, "message"))
		"export.finished":
			_state.finish(Read.dict(data, "result"))
			for path: String in _state.exported_files().values():
				exported.emit(path)
		"export.failed":
			_end_badly(Read.dict(data, "error"))


func _end_badly(error: Dictionary) -> void:
	if Read.text(error, "code") == "cancelled":
		_state.give_up()
		return
	var lines: PackedStringArray = ProofText.describe_failure(Read.dict(error, "data"))
	_state.finish({}, Problem.new(Read.text(error, "message"), Read.text(error, "hint"), lines))
