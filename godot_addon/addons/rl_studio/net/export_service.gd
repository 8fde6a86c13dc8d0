@tool
extends RefCounted
## Lists checkpoints and has them exported.

## A file is in the project now; the editor has to take it in.
signal exported(resource_path: String)

const RlBackendClient := preload("backend_client.gd")
const RlExportState := preload("../core/export_state.gd")
const RlProblem := preload("../core/problem.gd")
const RlProofText := preload("../core/proof_text.gd")
const RlRead := preload("../core/read.gd")
const RlReply := preload("../core/reply.gd")
const RlStudioState := preload("../core/studio_state.gd")

const START_TIMEOUT_MS: int = 60_000

var _state: RlExportState
var _client: RlBackendClient


func _init(studio: RlStudioState, client: RlBackendClient) -> void:
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
	if policies.is_empty() or _state.phase == RlExportState.RlPhase.RUNNING:
		return
	_state.begin()
	var params: Dictionary = {
		"run_id": _state.run_id,
		"checkpoint": RlRead.integer(checkpoint, "timesteps"),
		"policies": Array(policies),
		"to": path,
		"opset": opset,
		"ir_version": ir_version,
	}
	_client.request("export.start", params, _on_started, START_TIMEOUT_MS)


## Gives up the export that goes on.
func cancel() -> void:
	if _state.phase == RlExportState.RlPhase.RUNNING and not _state.is_cancelling:
		_state.cancel()
		_send_cancel()


# Before the backend has given the export a name there is nothing to cancel.
func _send_cancel() -> void:
	if _state.is_cancelling and _state.export_id != "":
		_client.request(
			"export.cancel", {"export_id": _state.export_id}, func(_reply: RlReply) -> void: pass
		)


func _on_checkpoints(reply: RlReply, run_id: String) -> void:
	if run_id != _state.run_id:
		return
	if reply.ok:
		_state.set_checkpoints(RlRead.dicts(reply.result, "checkpoints"))
	else:
		_state.set_checkpoints([], reply.message)


func _on_started(reply: RlReply) -> void:
	if _state.phase != RlExportState.RlPhase.RUNNING:
		return
	if reply.ok:
		_state.export_id = RlRead.text(reply.result, "export_id")
		_send_cancel()
	else:
		_state.finish({}, RlProblem.new(reply.message, reply.hint))


func _on_client_lost() -> void:
	if _state.phase == RlExportState.RlPhase.RUNNING:
		_state.finish(
			{},
			RlProblem.new("The backend went away during the export.", "Connect and export again.")
		)


func _on_event_received(event: String, data: Dictionary) -> void:
	if not event.begins_with("export.") or _state.phase != RlExportState.RlPhase.RUNNING:
		return
	var id: String = RlRead.text(data, "export_id")
	if _state.export_id != "" and id != _state.export_id:
		return  # another client's
	match event:
		"export.progress":
			if not _state.is_cancelling:
				_state.report(RlRead.text(data, "message"))
		"export.finished":
			_state.finish(RlRead.dict(data, "result"))
			for path: String in _state.exported_files().values():
				exported.emit(path)
		"export.failed":
			_end_badly(RlRead.dict(data, "error"))


func _end_badly(error: Dictionary) -> void:
	if RlRead.text(error, "code") == "cancelled":
		_state.give_up()
		return
	var lines: PackedStringArray = RlProofText.describe_failure(RlRead.dict(error, "data"))
	_state.finish(
		{}, RlProblem.new(RlRead.text(error, "message"), RlRead.text(error, "hint"), lines)
	)
