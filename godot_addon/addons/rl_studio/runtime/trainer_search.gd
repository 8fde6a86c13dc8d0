extends RefCounted
## Finds the trainer, which may start later than the game.

const RlWireConnection := preload("wire_connection.gd")

## How long a game that was launched by a trainer tries to reach it.
const LAUNCH_TIMEOUT_S: float = 30.0
## How long a game in training mode looks for a trainer while it is played.
const PLAY_TIMEOUT_S: float = 10.0

var connection: RlWireConnection

var _port: int
var _is_launched: bool
var _deadline_msec: int
var _has_given_up: bool = false


## [param is_launched]: a trainer started the game, so that nothing else matters than reaching it.
func _init(port: int, is_launched: bool) -> void:
	_port = port
	_is_launched = is_launched
	_deadline_msec = Time.get_ticks_msec() + roundi(PLAY_TIMEOUT_S * 1000.0)
	connection = RlWireConnection.new(port)


## Returns whether a trainer is connected. Waits for one only if the trainer launched the game.
func look() -> bool:
	if _has_given_up:
		return false
	if _is_launched:
		if connection.connect_within(LAUNCH_TIMEOUT_S):
			return true
		_has_given_up = true
		push_error("RL Studio: no trainer answers on port %d. Was it stopped?" % _port)
	elif connection.try_connect():
		return true
	elif Time.get_ticks_msec() > _deadline_msec:
		_has_given_up = true
		push_warning("RL Studio: no trainer on port %d; the game goes on without one." % _port)
	return false
