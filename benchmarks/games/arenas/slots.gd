extends Node2D
## Places for arenas that come and go: an arena stays for a while, is freed with all that is in it,
## and after a pause another one comes. 12 to 19 are there, 16 on average.

const COLUMNS: int = 4
const COUNT: int = 24
const SPACING: Vector2 = Vector2(1400.0, 840.0)
## In ticks. Neither of the two divides by the ticks of a decision.
const LIFE: int = 486
const PAUSE: int = 243

@export var arena: PackedScene

var _arenas: Array[Node2D] = []
## When the next arena comes or goes, by place.
var _due: PackedInt32Array = []
var _next: int = 0
var _tick: int = 0


func _ready() -> void:
	_arenas.resize(COUNT)
	_due.resize(COUNT)
	for place: int in COUNT:
		# More of them in one part of the period than in the other.
		var age: int = roundi((LIFE + PAUSE) * pow(float(place) / COUNT, 1.5))
		if age < LIFE:
			_arenas[place] = _bear(place)
		_due[place] = (LIFE if age < LIFE else LIFE + PAUSE) - age
	_next = Array(_due).min()


func _physics_process(_delta: float) -> void:
	_tick += 1
	if _tick < _next:
		return
	for place: int in COUNT:
		if _due[place] == _tick:
			_change(place)
	_next = Array(_due).min()


func _change(place: int) -> void:
	if _arenas[place] == null:
		_arenas[place] = _bear(place)
		_due[place] += LIFE
	else:
		_arenas[place].queue_free()
		_arenas[place] = null
		_due[place] += PAUSE


func _bear(place: int) -> Node2D:
	var copy: Node2D = arena.instantiate()
	copy.position = Vector2(place % COLUMNS, floorf(float(place) / COLUMNS)) * SPACING
	add_child(copy)
	return copy
