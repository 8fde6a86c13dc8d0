extends Node3D
## Gems for one player, and for the trained policy as soon as there is one.

const Hud := preload("../hud.gd")
const Island := preload("island.gd")

const POLICY_PATH: String = "res://policies/gems.onnx"
const CONTROLS: String = "Arrow keys or WASD roll, Space jumps."

@onready var _island: Island = $Island
@onready var _hud: Hud = $Hud


func _ready() -> void:
	_show_hint()


func _process(_delta: float) -> void:
	var gems: int = _island.get_gem_count()
	_hud.show_score(gems - _island.find_gems().size(), gems)
	_hud.show_time(_island.get_time_left(), Island.TIME_LIMIT)
	_hud.show_pilot(_island.get_agent().controlled_by)


func _unhandled_input(event: InputEvent) -> void:
	if event.is_action_pressed(&"toggle_policy"):
		_toggle_policy()


func _toggle_policy() -> void:
	var agent: RLAgent = _island.get_agent()
	if agent.mode == RLAgent.Mode.POLICY:
		agent.mode = RLAgent.Mode.HUMAN
	elif ResourceLoader.exists(POLICY_PATH):
		agent.policy = load(POLICY_PATH)
		agent.mode = RLAgent.Mode.POLICY
	_show_hint()


func _show_hint() -> void:
	if _island.get_agent().mode == RLAgent.Mode.POLICY:
		_hud.show_hint("The trained policy plays. P gives you the hopper back.")
	elif ResourceLoader.exists(POLICY_PATH):
		_hud.show_hint("%s P lets the trained policy play." % CONTROLS)
	else:
		_hud.show_hint("%s To watch it learn: Train, then Export to %s." % [CONTROLS, POLICY_PATH])
