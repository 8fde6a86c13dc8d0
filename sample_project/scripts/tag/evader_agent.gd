extends "tag_agent.gd"
## The one that is hunted.

## Reward for a second in freedom and for 100 pixels of distance gained; the price of being caught.
const TIME_REWARD: float = 0.3
const PROGRESS_REWARD: float = 0.3
const CATCH_PRICE: float = 5.0
## The script minds walls from this distance on.
const WALL_FEAR: float = 130.0

var _gap: float = 0.0


func _get_observation() -> Variant:
	var pursuers: Array[Puck] = _arena.get_pursuers()
	var is_first_nearer: bool = _distance_to(pursuers[0]) < _distance_to(pursuers[1])
	var observation: PackedFloat32Array = _observe(pursuers[0 if is_first_nearer else 1])
	observation.append_array(_observe(pursuers[1 if is_first_nearer else 0]))
	observation.append_array(_observe_self())
	return observation


func _begin_episode() -> void:
	super()
	_gap = _arena.get_gap()


func judge(delta: float, caught: bool, time_is_up: bool) -> void:
	var gap: float = _arena.get_gap()
	add_reward((gap - _gap) / 100.0 * PROGRESS_REWARD + TIME_REWARD * delta)
	_gap = gap
	if caught:
		add_reward(-CATCH_PRICE)
	if caught or time_is_up:
		_finish(not caught)


## Runs from both pursuers, the nearer one above all, and along walls rather than into them.
func _follow_script() -> Vector2:
	var thrust: Vector2 = Vector2.ZERO
	for pursuer: Puck in _arena.get_pursuers():
		var away: Vector2 = _puck.position - pursuer.position
		thrust += away.normalized() * (FAR / maxf(away.length(), 1.0))
	var reach: Vector2 = Field.HALF_SIZE - _puck.position.abs()
	var fear: Vector2 = (Vector2.ONE - reach / WALL_FEAR).clampf(0.0, 1.0)
	thrust -= _puck.position.sign() * fear * thrust.length() * 1.5
	return thrust.normalized()


func _distance_to(other: Puck) -> float:
	return _puck.position.distance_to(other.position)
