extends RLAgent
## What pursuers and evaders have in common: a puck, its thrusters, and the end of a round.

const Arena := preload("arena.gd")
const Field := preload("../field.gd")
const Puck := preload("../puck.gd")

## Distances are observed in units of this.
const FAR: float = 600.0

## The player steers this one while no policy does; the others follow a script then.
var is_player: bool = false

@onready var _puck: Puck = get_parent()
@onready var _arena: Arena = _puck.get_parent()
@onready var _sensor: RLRaycastSensor2D = $"../Raycasts"


func _get_action_space() -> Dictionary:
	return {"thrust": {"action_type": "continuous", "size": 2}}


func _apply_action(action: Dictionary) -> void:
	var thrust: PackedFloat32Array = action["thrust"]
	_puck.thrust = Vector2(thrust[0], thrust[1]).limit_length()


func _begin_episode() -> void:
	_arena.join_round(self)


func _get_human_action() -> Dictionary:
	var thrust: Vector2 = _follow_script()
	if is_player:
		thrust = Input.get_vector("move_left", "move_right", "move_up", "move_down")
	return {"thrust": PackedFloat32Array([thrust.x, thrust.y])}


## Rewards one physics tick. The arena calls this when everything has moved.
func judge(_delta: float, _caught: bool, _time_is_up: bool) -> void:
	pass


## Override: where to go when neither a policy nor a player says so.
func _follow_script() -> Vector2:
	return Vector2.ZERO


## What an agent knows of its own puck, and how close walls and pillars are.
func _observe_self() -> PackedFloat32Array:
	var observation: PackedFloat32Array = [
		_puck.velocity.x / Puck.TOP_SPEED,
		_puck.velocity.y / Puck.TOP_SPEED,
		_puck.position.x / Field.HALF_SIZE.x,
		_puck.position.y / Field.HALF_SIZE.y,
		_arena.get_time_left() / Arena.TIME_LIMIT,
	]
	observation.append_array(_sensor.get_observation())
	return observation


## What an agent knows of another puck.
func _observe(other: Puck) -> PackedFloat32Array:
	var way: Vector2 = other.position - _puck.position
	var distance: float = way.length()
	var direction: Vector2 = way / maxf(distance, 1.0)
	return [
		direction.x,
		direction.y,
		distance / FAR,
		other.velocity.x / Puck.TOP_SPEED,
		other.velocity.y / Puck.TOP_SPEED,
	]


## The round was decided, one way or the other: nothing is cut off.
func _finish(is_success: bool) -> void:
	log_metric(&"is_success", 1.0 if is_success else 0.0)
	log_metric(&"time_left", _arena.get_time_left())
	end_episode()
