extends Node2D
## A round of tag: two pursuers after one evader, until it is caught or has held out.
##
## It ends for all three at once: the last word of a round belongs to the arena, not to an agent.

## A pursuer touched the evader, at [param at] in the arena.
signal evader_caught(at: Vector2)
signal evader_escaped(at: Vector2)
signal round_began

const Field := preload("../field.gd")
const Puck := preload("../puck.gd")
const TagAgent := preload("tag_agent.gd")

const TIME_LIMIT: float = 12.0
## Pursuers start at least this far from the evader.
const START_DISTANCE: float = 330.0
## A pursuer this close has caught the evader.
const REACH: float = Puck.RADIUS * 2.0 + 4.0

var _time_left: float = TIME_LIMIT
## The agents that take part in this round already.
var _joined: Array[TagAgent] = []

@onready var _field: Field = $Field
@onready var _evader: Puck = $Evader
@onready var _pursuers: Array[Puck] = [$Pursuer1, $Pursuer2]
@onready var _agents: Array[TagAgent] = [$Evader/Agent, $Pursuer1/Agent, $Pursuer2/Agent]


func _physics_process(delta: float) -> void:
	if _agents[0].is_episode_over():
		return
	_time_left = maxf(0.0, _time_left - delta)
	_evader.advance(delta)
	for pursuer: Puck in _pursuers:
		pursuer.advance(delta)
	var caught: bool = get_gap() < REACH
	for agent: TagAgent in _agents:
		agent.judge(delta, caught, _time_left <= 0.0)
	if caught:
		evader_caught.emit(_evader.position)
	elif _time_left <= 0.0:
		evader_escaped.emit(_evader.position)


func get_evader() -> Puck:
	return _evader


func get_pursuers() -> Array[Puck]:
	return _pursuers


## The evader's comes first.
func get_agents() -> Array[TagAgent]:
	return _agents


func get_time_left() -> float:
	return _time_left


## Distance from the evader to the nearest pursuer.
func get_gap() -> float:
	return minf(
		_evader.position.distance_to(_pursuers[0].position),
		_evader.position.distance_to(_pursuers[1].position)
	)


## Takes an agent into the round at the beginning of its episode. The first one begins the round.
func join_round(agent: TagAgent) -> void:
	if agent in _joined:
		_joined.clear()
	if _joined.is_empty():
		_begin_round()
	_joined.append(agent)


func _begin_round() -> void:
	_time_left = TIME_LIMIT
	_field.shuffle()
	_evader.place(_field.find_free_place())
	for pursuer: Puck in _pursuers:
		pursuer.place(_field.find_distant_place(_evader.position, START_DISTANCE))
	round_began.emit()
