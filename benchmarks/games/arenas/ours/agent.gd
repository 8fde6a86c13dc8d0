extends RLAgent
## Steers a puck with our nodes.

const Arena := preload("../arena.gd")

@onready var _arena: Arena = get_parent()
@onready var _rays: RLRaycastSensor2D = $"../Puck/Rays"


func _physics_process(_delta: float) -> void:
	if is_episode_over():
		return
	add_reward(_arena.advance())
	if _arena.is_over():
		end_episode(true)


func _get_observation() -> Variant:
	var observation: PackedFloat32Array = _arena.observe()
	observation.append_array(_rays.get_observation())
	return observation


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 2}}


func _apply_action(action: Dictionary) -> void:
	var move: PackedFloat32Array = action["move"]
	_arena.steer(Vector2(move[0], move[1]))


func _begin_episode() -> void:
	_arena.restart()
