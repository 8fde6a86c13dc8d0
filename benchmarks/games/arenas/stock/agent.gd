extends AIController2D
## Steers a puck with the nodes of the stock plugin.

const Arena := preload("../arena.gd")

@onready var _arena: Arena = get_parent()
@onready var _rays: RaycastSensor2D = $"../Puck/Rays"


func _physics_process(_delta: float) -> void:
	if needs_reset:
		reset()
	reward += _arena.advance()
	if _arena.is_over():
		done = true
		reset()


func reset() -> void:
	super()
	_arena.restart()


func get_obs() -> Dictionary:
	var observation: Array = Array(_arena.observe())
	observation.append_array(_rays.get_observation())
	return {"obs": observation}


func get_reward() -> float:
	return reward


func get_action_space() -> Dictionary:
	return {"move": {"size": 2, "action_type": "continuous"}}


func set_action(action: Dictionary) -> void:
	_arena.steer(Vector2(action["move"][0], action["move"][1]))
