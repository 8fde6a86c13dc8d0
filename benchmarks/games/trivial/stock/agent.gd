extends AIController2D
## Steers the point with the nodes of the stock plugin.

const World := preload("../world.gd")

@onready var _world: World = get_parent()


func _physics_process(delta: float) -> void:
	if needs_reset:
		reset()
	reward += _world.advance(delta)
	if _world.is_over():
		done = true
		reset()


func reset() -> void:
	super()
	_world.restart()


func get_obs() -> Dictionary:
	return {"obs": _world.observe()}


func get_reward() -> float:
	return reward


func get_action_space() -> Dictionary:
	return {"move": {"size": 2, "action_type": "continuous"}}


func set_action(action: Dictionary) -> void:
	_world.push = Vector2(action["move"][0], action["move"][1])
