extends RLAgent
## The puck's senses, thrusters and rewards.

const Arena := preload("arena.gd")
const Field := preload("field.gd")
const Puck := preload("puck.gd")
const Target := preload("target.gd")

## Reward for coming 100 pixels closer, for a catch, and the price of a second.
const PROGRESS_REWARD: float = 1.0
const CATCH_REWARD: float = 5.0
const TIME_PRICE: float = 0.3

var _distance: float = 0.0

@onready var _puck: Puck = get_parent()
@onready var _arena: Arena = _puck.get_parent()
@onready var _sensor: RLRaycastSensor2D = $"../Raycasts"


func _get_observation() -> Variant:
	var target: Target = _arena.get_target()
	var way: Vector2 = target.position - _puck.position
	var distance: float = way.length()
	var direction: Vector2 = way / maxf(distance, 1.0)
	var observation: PackedFloat32Array = [
		direction.x,
		direction.y,
		distance / 500.0,
		_puck.velocity.x / Puck.TOP_SPEED,
		_puck.velocity.y / Puck.TOP_SPEED,
		target.velocity.x / Target.FLEE_SPEED,
		target.velocity.y / Target.FLEE_SPEED,
		_puck.position.x / Field.HALF_SIZE.x,
		_puck.position.y / Field.HALF_SIZE.y,
		_arena.get_time_left() / Arena.TIME_LIMIT,
	]
	observation.append_array(_sensor.get_observation())
	return observation


func _get_action_space() -> Dictionary:
	return {"thrust": {"action_type": "continuous", "size": 2}}


func _apply_action(action: Dictionary) -> void:
	var thrust: PackedFloat32Array = action["thrust"]
	_puck.thrust = Vector2(thrust[0], thrust[1]).limit_length()


func _begin_episode() -> void:
	_arena.restart()
	_distance = _arena.get_distance()


func _get_human_action() -> Dictionary:
	var input: Vector2 = Input.get_vector("move_left", "move_right", "move_up", "move_down")
	return {"thrust": PackedFloat32Array([input.x, input.y])}


## Rewards one physics tick. The arena calls this when everything has moved.
func judge(delta: float, caught: bool, time_is_up: bool) -> void:
	var distance: float = _arena.get_distance()
	add_reward((_distance - distance) / 100.0 * PROGRESS_REWARD - TIME_PRICE * delta)
	_distance = distance
	if caught:
		add_reward(CATCH_REWARD)
	if caught or time_is_up:
		log_metric(&"is_success", 1.0 if caught else 0.0)
		log_metric(&"time_left", _arena.get_time_left())
		end_episode(not caught)
