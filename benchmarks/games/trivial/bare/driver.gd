extends Node
## Steers the point by chance: the game alone, without a trainer.

const World := preload("../world.gd")
const TICKS_PER_DECISION: int = 8

var _tick: int = 0

@onready var _world: World = get_parent()


func _physics_process(delta: float) -> void:
	if _tick % TICKS_PER_DECISION == 0:
		_world.push = Vector2(randf_range(-1.0, 1.0), randf_range(-1.0, 1.0))
	_tick += 1
	_world.advance(delta)
	if _world.is_over():
		_world.restart()
