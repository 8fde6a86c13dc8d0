extends Node
## Steers a puck by chance: the game alone, without a trainer. With --observe=1 it also takes the
## observations that a trainer would get.

const Arena := preload("../arena.gd")
const TICKS_PER_DECISION: int = 8

var _tick: int = 0
var _observes: bool = "--observe=1" in OS.get_cmdline_args()

@onready var _arena: Arena = get_parent()
@onready var _rays: RLRaycastSensor2D = $"../Puck/Rays"


func _physics_process(_delta: float) -> void:
	if _tick == 0:
		_arena.restart()
	if _tick % TICKS_PER_DECISION == 0:
		_decide()
	_tick += 1
	_arena.advance()
	if _arena.is_over():
		_arena.restart()


func _decide() -> void:
	if _observes:
		var observation: PackedFloat32Array = _arena.observe()
		observation.append_array(_rays.get_observation())
	_arena.steer(Vector2(randf_range(-1.0, 1.0), randf_range(-1.0, 1.0)))
