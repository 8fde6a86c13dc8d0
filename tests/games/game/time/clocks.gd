extends Dot
## Timers and tweens, on the game's time and on the player's: how many ticks each takes.

var _ran_out: Dictionary[StringName, int] = {}


func _ready() -> void:
	if _options_slow():
		Engine.time_scale = 0.5


func _live() -> void:
	if ticks != 1:
		return
	_ran_out.clear()
	get_tree().create_timer(0.25).timeout.connect(_note.bind(&"scaled"))
	get_tree().create_timer(0.25, true, false, true).timeout.connect(_note.bind(&"real"))
	get_tree().create_timer(0.25, true, true).timeout.connect(_note.bind(&"physics"))
	create_tween().tween_callback(_note.bind(&"tween")).set_delay(0.25)


func _over() -> void:
	for clock: StringName in _ran_out:
		log_metric(clock, _ran_out[clock])
	super()


func _note(clock: StringName) -> void:
	_ran_out[clock] = ticks


func _options_slow() -> bool:
	return "--slow=1" in OS.get_cmdline_args()
