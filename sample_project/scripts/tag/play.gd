extends Node2D
## Tag for one player, who is hunted. Each side follows its trained policy as soon as there is one.

const Arena := preload("arena.gd")
const Hud := preload("../hud.gd")
const TagAgent := preload("tag_agent.gd")

const POLICIES: String = "res://policies/%s.onnx"
const CONTROLS: String = "You are blue: arrow keys, WASD or a gamepad. P lets it play by itself."
const WATCHING: String = "The blue one plays by itself. P gives it to you."

var _escaped: int = 0
var _rounds: int = 0

@onready var _arena: Arena = $Arena
@onready var _player: TagAgent = _arena.get_agents()[0]
@onready var _hud: Hud = $Hud


func _ready() -> void:
	for agent: TagAgent in _arena.get_agents():
		var path: String = POLICIES % agent.policy_name
		if ResourceLoader.exists(path):
			agent.policy = load(path)
	_arena.evader_caught.connect(_on_round_ended.bind(0))
	_arena.evader_escaped.connect(_on_round_ended.bind(1))
	_give_controls(true)


func _process(_delta: float) -> void:
	_hud.show_time(_arena.get_time_left(), Arena.TIME_LIMIT)
	_hud.show_pilot(_player.controlled_by, not _player.is_player)


func _unhandled_input(event: InputEvent) -> void:
	if event.is_action_pressed(&"toggle_policy"):
		_give_controls(not _player.is_player)


func _give_controls(to_player: bool) -> void:
	_player.is_player = to_player
	_player.mode = RLAgent.Mode.HUMAN if to_player else RLAgent.Mode.INHERIT
	_escaped = 0
	_rounds = 0
	_hud.show_score(0, 0)
	_show_hint()


func _show_hint() -> void:
	var hunter: TagAgent = _arena.get_agents()[1]
	var hint: String = "The pursuers play their trained policy."
	if hunter.policy == null:
		hint = "The pursuers follow a script, until there is %s." % (POLICIES % hunter.policy_name)
	_hud.show_hint("%s %s" % [CONTROLS if _player.is_player else WATCHING, hint])


func _on_round_ended(_at: Vector2, escapes: int) -> void:
	_rounds += 1
	_escaped += escapes
	_hud.show_score(_escaped, _rounds)
