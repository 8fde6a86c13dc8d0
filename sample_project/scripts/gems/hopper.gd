extends CharacterBody3D
## A ball that rolls in four directions and jumps; in the air it can be steered as well.

enum Move { STAY, NORTH, SOUTH, WEST, EAST, JUMP }

const RADIUS: float = 0.5
const SPEED: float = 6.0
const ACCELERATION: float = 30.0
const JUMP_SPEED: float = 7.5
const GRAVITY: float = 22.0

const _DIRECTIONS: Array[Vector3] = [
	Vector3.ZERO, Vector3.FORWARD, Vector3.BACK, Vector3.LEFT, Vector3.RIGHT
]

## Where it is heading, 1 long or zero.
var direction: Vector3 = Vector3.ZERO

var _is_jumping: bool = false


## Starts over, at rest.
func place(at: Vector3) -> void:
	position = at
	velocity = Vector3.ZERO
	direction = Vector3.ZERO
	_is_jumping = false


## Takes a decision. A jump goes on in the direction it had.
func decide(move: Move) -> void:
	if move == Move.JUMP:
		_is_jumping = is_on_floor()
	else:
		direction = _DIRECTIONS[move]


## Moves for one physics tick.
func advance(delta: float) -> void:
	var rolling: Vector3 = Vector3(velocity.x, 0.0, velocity.z)
	rolling = rolling.move_toward(direction * SPEED, ACCELERATION * delta)
	var falling: float = JUMP_SPEED if _is_jumping else velocity.y - GRAVITY * delta
	_is_jumping = false
	velocity = Vector3(rolling.x, falling, rolling.z)
	move_and_slide()
