extends Node3D
## A round of Gems: collect them all before time is up, without falling into the void.

signal gem_taken(at: Vector3)
## The hopper has fallen off, at [param at].
signal hopper_lost(at: Vector3)
signal restarted

const Ground := preload("ground.gd")
const Hopper := preload("hopper.gd")
const HopperAgent := preload("hopper_agent.gd")

const TIME_LIMIT: float = 20.0
## From here on nothing stops the fall.
const LOST_HEIGHT: float = -1.5
## A gem is taken when the hopper's middle comes this near.
const REACH: float = 1.1
const GEM_HEIGHT: float = 0.8

var _time_left: float = TIME_LIMIT

@onready var _ground: Ground = $Ground
@onready var _hopper: Hopper = $Hopper
@onready var _agent: HopperAgent = $Hopper/Agent
@onready var _gems: Array[Node] = $Gems.get_children()


func _physics_process(delta: float) -> void:
	if _agent.is_episode_over():
		return
	_time_left = maxf(0.0, _time_left - delta)
	_hopper.advance(delta)
	var taken: int = _take_gems()
	var is_lost: bool = _hopper.position.y < LOST_HEIGHT
	_agent.judge(delta, taken, is_lost, _time_left <= 0.0)
	if is_lost:
		hopper_lost.emit(_hopper.position)


func get_agent() -> HopperAgent:
	return _agent


func get_ground() -> Ground:
	return _ground


func get_hopper() -> Hopper:
	return _hopper


func get_time_left() -> float:
	return _time_left


func get_gem_count() -> int:
	return _gems.size()


## Returns where the gems are that have not been taken, the nearest to the hopper first.
func find_gems() -> PackedVector3Array:
	var places: Array[Vector3] = []
	for gem: Node3D in _gems:
		if gem.visible:
			places.append(gem.position)
	places.sort_custom(_is_nearer)
	return PackedVector3Array(places)


## Makes another island with everything in new places.
func restart() -> void:
	_time_left = TIME_LIMIT
	_ground.shuffle()
	var places: PackedVector3Array = _ground.find_places(_gems.size() + 1)
	_hopper.place(places[0] + Vector3.UP * Hopper.RADIUS)
	for number: int in _gems.size():
		var gem: Node3D = _gems[number]
		gem.position = places[number + 1] + Vector3.UP * GEM_HEIGHT
		gem.visible = true
	restarted.emit()


func _take_gems() -> int:
	var taken: int = 0
	for gem: Node3D in _gems:
		if gem.visible and gem.position.distance_to(_hopper.position) < REACH:
			gem.visible = false
			gem_taken.emit(gem.position)
			taken += 1
	return taken


func _is_nearer(one: Vector3, other: Vector3) -> bool:
	var here: Vector3 = _hopper.position
	return here.distance_squared_to(one) < here.distance_squared_to(other)
