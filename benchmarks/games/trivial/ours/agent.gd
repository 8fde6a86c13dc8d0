extends RLAgent
## Steers the point with our nodes.

const World := preload("../world.gd")

@onready var _world: World = get_parent()


func _physics_process(delta: float) -> void:
	if is_episode_over():
		return
	add_reward(_world.advance(delta))
	if _world.is_over():
		end_episode(true)


func _get_observation() -> Variant:
	return _world.observe()


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 2}}


func _apply_action(action: Dictionary) -> void:
	var move: PackedFloat32Array = action["move"]
	_world.push = Vector2(move[0], move[1])


func _begin_episode() -> void:
	_world.restart()
