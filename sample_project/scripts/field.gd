extends Node2D
## A walled field with a few pillars in the way, in new places for each round.

const HALF_SIZE: Vector2 = Vector2(560.0, 290.0)
const PILLAR_RADIUS: float = 34.0
## What is put somewhere keeps this far from the middle of each pillar.
const PILLAR_CLEARANCE: float = 120.0
const WALL_CLEARANCE: float = 50.0

var _taken: PackedVector2Array = []

@onready var _pillars: Array[Node] = $Pillars.get_children()


## Puts the pillars in random places, well apart.
func shuffle() -> void:
	_taken.clear()
	for pillar: Node2D in _pillars:
		pillar.position = _find_place(PILLAR_CLEARANCE * 2.0, PILLAR_CLEARANCE)
		_taken.append(pillar.position)


## Returns a random place away from walls and pillars.
func find_free_place() -> Vector2:
	return _find_place(PILLAR_CLEARANCE, WALL_CLEARANCE)


## Returns such a place at least [param distance] away from [param other].
func find_distant_place(other: Vector2, distance: float) -> Vector2:
	var place: Vector2 = other
	while place.distance_to(other) < distance:
		place = find_free_place()
	return place


func _find_place(clearance: float, margin: float) -> Vector2:
	var place: Vector2 = Vector2.ZERO
	for attempt: int in 50:
		var reach: Vector2 = HALF_SIZE - Vector2(margin, margin)
		place = Vector2(randf_range(-reach.x, reach.x), randf_range(-reach.y, reach.y))
		if _is_free(place, clearance):
			break
	return place


func _is_free(place: Vector2, clearance: float) -> bool:
	for other: Vector2 in _taken:
		if place.distance_to(other) < clearance:
			return false
	return true
