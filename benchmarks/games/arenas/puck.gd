extends CharacterBody2D
## Follows the push softly and slides along walls.

const RADIUS: float = 30.0
const SPEED: float = 500.0
const SOFTNESS: float = 0.18

## Where to, and how hard: at most 1 long.
var push: Vector2 = Vector2.ZERO


## Starts over, at rest.
func place(at: Vector2) -> void:
	position = at
	velocity = Vector2.ZERO
	push = Vector2.ZERO


## Moves for one tick.
func advance() -> void:
	velocity += (push * SPEED - velocity) * SOFTNESS
	move_and_slide()
