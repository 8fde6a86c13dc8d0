extends CanvasLayer
## The numbers and hints around the arena. Shows what it is told; knows nothing of the game.

const Palette := preload("palette.gd")

const HURRY_S: float = 3.0

@onready var _score: Label = %Score
@onready var _pilot: Label = %Pilot
@onready var _hint: Label = %Hint
@onready var _time: Label = %Time
@onready var _bar: ProgressBar = %Bar


func show_score(caught: int, rounds: int) -> void:
	_score.text = "%d / %d" % [caught, rounds]


func show_time(left: float, limit: float) -> void:
	_time.text = "%.1f" % left
	_bar.value = left / limit
	_bar.modulate = Palette.LOSS if left < HURRY_S else Palette.PUCK


func show_pilot(controlled_by: RLAgent.Mode) -> void:
	_pilot.text = "YOU" if controlled_by == RLAgent.Mode.HUMAN else "POLICY"
	if controlled_by == RLAgent.Mode.TRAINING:
		_pilot.text = "TRAINER"
	_pilot.modulate = Palette.PUCK if controlled_by == RLAgent.Mode.HUMAN else Palette.WIN


func show_hint(text: String) -> void:
	_hint.text = text
