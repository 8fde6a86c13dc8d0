extends "tag_agent.gd"
## One of two that hunt together: both are rewarded for a catch, each for its own approach.

## Reward for coming 100 pixels closer, for a catch, and the price of a second.
const PROGRESS_REWARD: float = 0.5
const CATCH_REWARD: float = 5.0
const TIME_PRICE: float = 0.3
## How far ahead of the evader the script aims, at most, in seconds.
const FORESIGHT: float = 0.5

var _distance: float = 0.0


func _get_observation() -> Variant:
	var observation: PackedFloat32Array = _observe(_arena.get_evader())
	observation.append_array(_observe(_get_mate()))
	observation.append_array(_observe_self())
	return observation


func _begin_episode() -> void:
	super()
	_distance = _get_distance()


func judge(delta: float, caught: bool, time_is_up: bool) -> void:
	var distance: float = _get_distance()
	add_reward((_distance - distance) / 100.0 * PROGRESS_REWARD - TIME_PRICE * delta)
	_distance = distance
	if caught:
		add_reward(CATCH_REWARD)
	if caught or time_is_up:
		_finish(caught)


## Heads for where the evader will be, and does not overshoot.
func _follow_script() -> Vector2:
	var evader: Puck = _arena.get_evader()
	var ahead: float = minf(FORESIGHT, _get_distance() / Puck.TOP_SPEED)
	var aim: Vector2 = evader.position + evader.velocity * ahead
	return (aim - _puck.position - _puck.velocity * 0.3).normalized()


func _get_distance() -> float:
	return _puck.position.distance_to(_arena.get_evader().position)


func _get_mate() -> Puck:
	var pursuers: Array[Puck] = _arena.get_pursuers()
	return pursuers[1] if pursuers[0] == _puck else pursuers[0]
