extends RLAgent
## The hopper's senses, its one decision of six choices, and its rewards.

const Ground := preload("ground.gd")
const Hopper := preload("hopper.gd")
const Island := preload("island.gd")

## Reward for rolling a metre closer to the nearest gem, for a gem, for the last one; the prices of
## a second and of a fall.
const PROGRESS_REWARD: float = 0.2
const GEM_REWARD: float = 2.0
const WIN_REWARD: float = 3.0
const TIME_PRICE: float = 0.1
const FALL_PRICE: float = 4.0

## It feels for the ground in eight directions, this far away, in metres.
const FEELERS: PackedFloat32Array = [0.9, 1.8, 3.2]
const FEELER_DIRECTIONS: int = 8
## Distances are observed in units of this.
const FAR: float = 10.0

var _distance: float = 0.0
var _left: int = 0

@onready var _hopper: Hopper = get_parent()
@onready var _island: Island = _hopper.get_parent()


func _get_observation() -> Variant:
	var observation: PackedFloat32Array = [
		_hopper.velocity.x / Hopper.SPEED,
		_hopper.velocity.y / Hopper.JUMP_SPEED,
		_hopper.velocity.z / Hopper.SPEED,
		_hopper.direction.x,
		_hopper.direction.z,
		_hopper.position.y - Hopper.RADIUS,
		1.0 if _hopper.is_on_floor() else 0.0,
		_island.get_time_left() / Island.TIME_LIMIT,
		float(_left) / _island.get_gem_count(),
	]
	var gems: PackedVector3Array = _island.find_gems()
	for number: int in 2:
		observation.append_array(_observe(gems[number] if number < gems.size() else Vector3.INF))
	observation.append_array(_feel_ground())
	return observation


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "discrete", "size": Hopper.Move.size()}}


func _get_action_mask() -> Dictionary:
	var allowed: Array[bool] = []
	allowed.resize(Hopper.Move.size())
	allowed.fill(true)
	allowed[Hopper.Move.JUMP] = _hopper.is_on_floor()
	return {"move": allowed}


func _apply_action(action: Dictionary) -> void:
	var move: Hopper.Move = action["move"]
	_hopper.decide(move)


func _begin_episode() -> void:
	_island.restart()
	_look_for_next()


func _get_human_action() -> Dictionary:
	var move: Hopper.Move = Hopper.Move.STAY
	if Input.is_action_just_pressed(&"jump"):
		move = Hopper.Move.JUMP
	elif Input.is_action_pressed(&"move_up"):
		move = Hopper.Move.NORTH
	elif Input.is_action_pressed(&"move_down"):
		move = Hopper.Move.SOUTH
	elif Input.is_action_pressed(&"move_left"):
		move = Hopper.Move.WEST
	elif Input.is_action_pressed(&"move_right"):
		move = Hopper.Move.EAST
	return {"move": move}


## Rewards one physics tick. The island calls this when everything has moved.
func judge(delta: float, taken: int, is_lost: bool, time_is_up: bool) -> void:
	add_reward(taken * GEM_REWARD - TIME_PRICE * delta)
	var before: float = _distance
	_look_for_next()
	if taken == 0:
		add_reward((before - _distance) * PROGRESS_REWARD)
	var has_won: bool = _left == 0
	if is_lost:
		add_reward(-FALL_PRICE)
	elif has_won:
		add_reward(WIN_REWARD)
	if is_lost or has_won or time_is_up:
		log_metric(&"is_success", 1.0 if has_won else 0.0)
		log_metric(&"gems", _island.get_gem_count() - _left)
		log_metric(&"fell", 1.0 if is_lost else 0.0)
		end_episode(not is_lost and not has_won)


func _look_for_next() -> void:
	var gems: PackedVector3Array = _island.find_gems()
	_left = gems.size()
	_distance = 0.0 if gems.is_empty() else _way_to(gems[0]).length()


## Direction and distance of a gem; zeros if there is none.
func _observe(gem: Vector3) -> PackedFloat32Array:
	if not gem.is_finite():
		return [0.0, 0.0, 0.0]
	var way: Vector2 = _way_to(gem)
	var direction: Vector2 = way / maxf(way.length(), 0.1)
	return [direction.x, direction.y, way.length() / FAR]


func _feel_ground() -> PackedFloat32Array:
	var felt: PackedFloat32Array = []
	var ground: Ground = _island.get_ground()
	for number: int in FEELER_DIRECTIONS:
		var direction: Vector2 = Vector2.from_angle(number * TAU / FEELER_DIRECTIONS)
		for length: float in FEELERS:
			var at: Vector3 = _hopper.position + Vector3(direction.x, 0.0, direction.y) * length
			felt.append(1.0 if ground.is_solid(at) else 0.0)
	return felt


func _way_to(gem: Vector3) -> Vector2:
	return Vector2(gem.x - _hopper.position.x, gem.z - _hopper.position.z)
