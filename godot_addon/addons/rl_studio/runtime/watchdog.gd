extends Timer
## Notices that the trainer is gone while the game is paused, when [RLSync] does not run.

signal trainer_lost

const WireConnection := preload("wire_connection.gd")

## In seconds of game time, which may pass much faster.
const INTERVAL: float = 0.5

var _connection: WireConnection


func _init(connection: WireConnection = null) -> void:
	_connection = connection
	name = "RLSyncWatchdog"
	process_mode = Node.PROCESS_MODE_WHEN_PAUSED
	wait_time = INTERVAL
	autostart = true
	timeout.connect(_on_timeout)


func _on_timeout() -> void:
	_connection.check()
	if _connection.is_closed:
		trainer_lost.emit()
