extends Node2D
## A walled field with one puck, one spark to catch and a few pillars in the way.

## The puck touched the spark, at [param at] in the arena.
signal spark_caught(at: Vector2)
signal time_ran_out
signal restarted

const Puck := preload("puck.gd")
const PuckAgent := preload("puck_agent.gd")
const Target := preload("target.gd")

const HALF_SIZE: Vector2 = Vector2(560.0, 290.0)
const TIME_LIMIT: float = 10.0
## Puck and spark start at least this far apart.
const START_DISTANCE: float = 320.0
const PILLAR_RADIUS: float = 34.0
const PILLAR_CLEARANCE: float = 120.0

var _time_left: float = TIME_LIMIT

@onready var _puck: Puck = $Puck
@onready var _agent: PuckAgent = $Puck/Agent
@onready var _target: Target = $Target
@onready var _pillars: Array[Node] = $Pillars.get_children()


func _physics_process(delta: float) -> void:
	if _agent.is_episode_over():
		return
	_time_left = maxf(0.0, _time_left - delta)
	_puck.advance(delta)
	_target.advance(delta, _puck.position)
	var caught: bool = get_distance() < Puck.RADIUS + Target.RADIUS
	_agent.judge(delta, caught, _time_left <= 0.0)
	if caught:
		spark_caught.emit(_target.position)
	elif _time_left <= 0.0:
		time_ran_out.emit()


func get_puck() -> Puck:
	return _puck


func get_agent() -> PuckAgent:
	return _agent


func get_target() -> Target:
	return _target


func get_time_left() -> float:
	return _time_left


func get_distance() -> float:
	return _puck.position.distance_to(_target.position)


## Puts everything in a new random place.
func restart() -> void:
	_time_left = TIME_LIMIT
	var taken: PackedVector2Array = []
	for pillar: Node2D in _pillars:
		pillar.position = _find_free_place(taken, PILLAR_CLEARANCE * 2.0, PILLAR_CLEARANCE)
		taken.append(pillar.position)
	_puck.place(_find_free_place(taken, PILLAR_CLEARANCE, 50.0))
	var start: Vector2 = _puck.position
	while start.distance_to(_puck.position) < START_DISTANCE:
		start = _find_free_place(taken, PILLAR_CLEARANCE, 50.0)
	_target.place(start)
	restarted.emit()


func _find_free_place(taken: PackedVector2Array, clearance: float, margin: float) -> Vector2:
	var place: Vector2 = Vector2.ZERO
	for attempt: int in 50:
		var reach: Vector2 = HALF_SIZE - Vector2(margin, margin)
		place = Vector2(randf_range(-reach.x, reach.x), randf_range(-reach.y, reach.y))
		if _is_free(place, taken, clearance):
			break
	return place


func _is_free(place: Vector2, taken: PackedVector2Array, clearance: float) -> bool:
	for other: Vector2 in taken:
		if place.distance_to(other) < clearance:
			return false
	return true
