extends Node2D
## A round of Chase: one puck, one spark to catch, and a field with pillars in the way.

## The puck touched the spark, at [param at] in the arena.
signal spark_caught(at: Vector2)
signal time_ran_out
signal restarted

const Field := preload("field.gd")
const Puck := preload("puck.gd")
const PuckAgent := preload("puck_agent.gd")
const Target := preload("target.gd")

const TIME_LIMIT: float = 10.0
## Puck and spark start at least this far apart.
const START_DISTANCE: float = 320.0

var _time_left: float = TIME_LIMIT

@onready var _puck: Puck = $Puck
@onready var _agent: PuckAgent = $Puck/Agent
@onready var _target: Target = $Target
@onready var _field: Field = $Field


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
	_field.shuffle()
	_puck.place(_field.find_free_place())
	_target.place(_field.find_distant_place(_puck.position, START_DISTANCE))
	restarted.emit()
