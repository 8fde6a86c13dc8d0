extends RLAgent
## Steers a puck with our nodes. With --steering=choices it has five moves to choose from, with
## --teams=2 every second agent has another policy.

const Arena := preload("../arena.gd")
const MOVES: PackedVector2Array = [
	Vector2.ZERO, Vector2.RIGHT, Vector2.LEFT, Vector2.UP, Vector2.DOWN
]

static var _count: int = 0

var _chooses: bool = "--steering=choices" in OS.get_cmdline_args()

@onready var _arena: Arena = get_parent()
@onready var _rays: RLRaycastSensor2D = $"../Puck/Rays"


func _init() -> void:
	_count += 1
	if "--teams=2" in OS.get_cmdline_args():
		policy_name = "red" if _count % 2 == 0 else "blue"


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
	if _chooses:
		return {"move": {"action_type": "discrete", "size": MOVES.size()}}
	return {"move": {"action_type": "continuous", "size": 2}}


func _apply_action(action: Dictionary) -> void:
	if _chooses:
		var choice: int = action["move"]
		_arena.steer(MOVES[choice])
		return
	var move: PackedFloat32Array = action["move"]
	_arena.steer(Vector2(move[0], move[1]))


func _begin_episode() -> void:
	_arena.restart()
