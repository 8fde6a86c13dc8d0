extends Node2D
## The game: one arena, a player, and the trained policy as soon as there is one.

const Arena := preload("arena.gd")
const Hud := preload("hud.gd")

const POLICY_PATH: String = "res://policies/chase.onnx"
const CONTROLS: String = "Arrow keys, WASD or a gamepad steer the puck."

var _caught: int = 0
var _rounds: int = 0

@onready var _arena: Arena = $Arena
@onready var _hud: Hud = $Hud


func _ready() -> void:
	_arena.get_agent().episode_ended.connect(_on_episode_ended)
	_show_hint()


func _process(_delta: float) -> void:
	_hud.show_time(_arena.get_time_left(), Arena.TIME_LIMIT)
	_hud.show_pilot(_arena.get_agent().controlled_by)


func _unhandled_input(event: InputEvent) -> void:
	if event.is_action_pressed(&"toggle_policy"):
		_toggle_policy()


func _toggle_policy() -> void:
	var agent: RLAgent = _arena.get_agent()
	if agent.mode == RLAgent.Mode.POLICY:
		agent.mode = RLAgent.Mode.HUMAN
	elif ResourceLoader.exists(POLICY_PATH):
		agent.policy = load(POLICY_PATH)
		agent.mode = RLAgent.Mode.POLICY
	_caught = 0
	_rounds = 0
	_hud.show_score(0, 0)
	_show_hint()


func _show_hint() -> void:
	if _arena.get_agent().mode == RLAgent.Mode.POLICY:
		_hud.show_hint("The trained policy plays. P gives you the puck back.")
	elif ResourceLoader.exists(POLICY_PATH):
		_hud.show_hint("%s P lets the trained policy play." % CONTROLS)
	else:
		_hud.show_hint("%s To watch it learn: Train, then Export to %s." % [CONTROLS, POLICY_PATH])


func _on_episode_ended(_reward: float, _length: int, truncated: bool) -> void:
	_rounds += 1
	_caught += 0 if truncated else 1
	_hud.show_score(_caught, _rounds)
