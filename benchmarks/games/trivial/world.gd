extends Node
## The smallest game that can be learned: a point that glides in a square and is to be kept in the
## middle. Whoever steers it calls [method advance] once a physics tick.

const EPISODE_TICKS: int = 1600
const ACCELERATION: float = 4.0
const DRAG: float = 2.0

## Where to, each axis from -1 to 1.
var push: Vector2 = Vector2.ZERO

var _position: Vector2 = Vector2.ZERO
var _velocity: Vector2 = Vector2.ZERO
var _ticks: int = 0


func restart() -> void:
	_position = Vector2(randf_range(-1.0, 1.0), randf_range(-1.0, 1.0))
	_velocity = Vector2(randf_range(-1.0, 1.0), randf_range(-1.0, 1.0))
	push = Vector2.ZERO
	_ticks = 0


## Moves for one tick. Returns its reward.
func advance(delta: float) -> float:
	_ticks += 1
	_velocity += (push.limit_length() * ACCELERATION - _velocity * DRAG) * delta
	_position = (_position + _velocity * delta).clamp(-Vector2.ONE, Vector2.ONE)
	return -0.01 * _position.length()


func is_over() -> bool:
	return _ticks >= EPISODE_TICKS


func observe() -> PackedFloat32Array:
	var way: Vector2 = -_position.normalized()
	return PackedFloat32Array(
		[
			_position.x,
			_position.y,
			_velocity.x,
			_velocity.y,
			way.x,
			way.y,
			_position.length(),
			_velocity.length(),
		]
	)
