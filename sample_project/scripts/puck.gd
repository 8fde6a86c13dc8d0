extends CharacterBody2D
## The hover puck: thrust in any direction, glides on, bounces off walls and pillars.

const RADIUS: float = 18.0
const ACCELERATION: float = 1000.0
const DRAG: float = 1.7
## Speed at which thrust and drag are equal.
const TOP_SPEED: float = ACCELERATION / DRAG
const BOUNCE: float = 0.55

## How strong the thrusters are, relative to [constant ACCELERATION].
@export_range(0.1, 2.0) var strength: float = 1.0

## Where to, and how hard: at most 1 long.
var thrust: Vector2 = Vector2.ZERO


## Starts over, at rest.
func place(at: Vector2) -> void:
	position = at
	velocity = Vector2.ZERO
	thrust = Vector2.ZERO


## Moves for one physics tick.
func advance(delta: float) -> void:
	velocity += (thrust * ACCELERATION * strength - velocity * DRAG) * delta
	var hit: KinematicCollision2D = move_and_collide(velocity * delta)
	if hit != null:
		var along: Vector2 = velocity.slide(hit.get_normal())
		velocity = along - (velocity - along) * BOUNCE
