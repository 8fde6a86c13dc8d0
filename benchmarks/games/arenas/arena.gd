extends Node2D
## A walled field with two pillars in which a puck chases one fruit after the other. Whoever steers
## it calls [method advance] once a physics tick.

const Puck := preload("puck.gd")

const HALF_SIZE: Vector2 = Vector2(600.0, 320.0)
const PILLARS: Array[Rect2] = [
	Rect2(-300.0, -140.0, 60.0, 280.0),
	Rect2(240.0, -140.0, 60.0, 280.0),
]
const CLEARANCE: float = 50.0
const START_DISTANCE: float = 150.0
const FRUIT_RADIUS: float = 30.0
const EPISODE_TICKS: int = 600

const FRUIT_REWARD: float = 5.0
## For coming 100 pixels closer.
const APPROACH_REWARD: float = 1.0
const TICK_PRICE: float = 0.01

var _ticks: int = 0
var _distance: float = 0.0

@onready var _puck: Puck = $Puck
@onready var _fruit: Node2D = $Fruit


## Where to, each axis from -1 to 1.
func steer(push: Vector2) -> void:
	_puck.push = push.limit_length()


func restart() -> void:
	_ticks = 0
	_puck.place(_find_free_place())
	_place_fruit()


## Moves for one tick. Returns its reward.
func advance() -> float:
	_ticks += 1
	_puck.advance()
	var before: float = _distance
	_distance = _puck.position.distance_to(_fruit.position)
	var reward: float = (before - _distance) / 100.0 * APPROACH_REWARD - TICK_PRICE
	if _distance < Puck.RADIUS + FRUIT_RADIUS:
		reward += FRUIT_REWARD
		_place_fruit()
	return reward


func is_over() -> bool:
	return _ticks >= EPISODE_TICKS


## Returns where the puck is and where the fruit is from there. Rays come on top.
func observe() -> PackedFloat32Array:
	var way: Vector2 = _fruit.position - _puck.position
	var direction: Vector2 = way.normalized()
	return PackedFloat32Array(
		[
			_puck.position.x / HALF_SIZE.x,
			_puck.position.y / HALF_SIZE.y,
			direction.x,
			direction.y,
			way.length() / (2.0 * HALF_SIZE.x),
		]
	)


func _place_fruit() -> void:
	_fruit.position = _puck.position
	while _fruit.position.distance_to(_puck.position) < START_DISTANCE:
		_fruit.position = _find_free_place()
	_distance = _puck.position.distance_to(_fruit.position)


func _find_free_place() -> Vector2:
	var reach: Vector2 = HALF_SIZE - Vector2(CLEARANCE, CLEARANCE)
	var place: Vector2 = PILLARS[0].get_center()
	while PILLARS.any(func(pillar: Rect2) -> bool: return pillar.grow(CLEARANCE).has_point(place)):
		place = Vector2(randf_range(-reach.x, reach.x), randf_range(-reach.y, reach.y))
	return place
