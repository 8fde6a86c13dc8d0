extends CanvasLayer
## The numbers and hints around the arena. Shows what it is told; knows nothing of the game.

const Palette := preload("palette.gd")

const HURRY_S: float = 3.0

## What the score counts.
@export var caption: String = "CAUGHT"

@onready var _caption: Label = %Caption
@onready var _score: Label = %Score
@onready var _pilot: Label = %Pilot
@onready var _hint: Label = %Hint
@onready var _time: Label = %Time
@onready var _bar: ProgressBar = %Bar


func _ready() -> void:
	_caption.text = caption


func show_score(won: int, rounds: int) -> void:
	_score.text = "%d / %d" % [won, rounds]


func show_time(left: float, limit: float) -> void:
	_time.text = "%.1f" % left
	_bar.value = left / limit
	_bar.modulate = Palette.LOSS if left < HURRY_S else Palette.PUCK


## [param is_scripted]: where nobody else decides, a script does, not the player.
func show_pilot(controlled_by: RLAgent.Mode, is_scripted: bool = false) -> void:
	_pilot.text = "SCRIPT" if is_scripted else "YOU"
	if controlled_by == RLAgent.Mode.POLICY:
		_pilot.text = "POLICY"
	elif controlled_by == RLAgent.Mode.TRAINING:
		_pilot.text = "TRAINER"
	_pilot.modulate = Palette.PUCK if _pilot.text == "YOU" else Palette.WIN


func show_hint(text: String) -> void:
	_hint.text = text
