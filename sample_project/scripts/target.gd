extends CharacterBody2D
## The spark to catch. Drifts about, and drifts away from a puck that comes near.

const RADIUS: float = 15.0
const DRIFT_SPEED: float = 130.0
const FLEE_SPEED: float = 250.0
## It notices the puck from here on.
const FLEE_DISTANCE: float = 210.0
## How quickly it changes course, in 1/s.
const AGILITY: float = 2.5
## How quickly it meanders, in rad/s.
const MEANDER: float = 1.6

var _course: float = 0.0
var _turn: float = 0.0


## Starts over, on a random course.
func place(at: Vector2) -> void:
	position = at
	_course = randf_range(-PI, PI)
	_turn = randf_range(-MEANDER, MEANDER)
	velocity = Vector2.from_angle(_course) * DRIFT_SPEED


## Moves for one physics tick. [param hunter] is the position of the puck.
func advance(delta: float, hunter: Vector2) -> void:
	_turn = clampf(_turn + randf_range(-6.0, 6.0) * delta, -MEANDER, MEANDER)
	_course += _turn * delta
	var wanted: Vector2 = Vector2.from_angle(_course) * DRIFT_SPEED
	var away: Vector2 = position - hunter
	var fear: float = 1.0 - away.length() / FLEE_DISTANCE
	if fear > 0.0:
		wanted += away.normalized() * (FLEE_SPEED * fear)
	velocity += (wanted - velocity) * (AGILITY * delta)
	var hit: KinematicCollision2D = move_and_collide(velocity * delta)
	if hit != null:
		velocity = velocity.bounce(hit.get_normal())
		_course = velocity.angle()
