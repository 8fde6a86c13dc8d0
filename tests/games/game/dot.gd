class_name Dot
extends RLAgent
## A dot on a line that looks for the origin. Base of the agents of all small games here.
##
## An episode lasts [constant LENGTH] ticks and logs how many seconds of the game that were.

const LENGTH: int = 64

var x: float = 0.0
var v: float = 0.0
var ticks: int = 0
var seconds: float = 0.0
## Ticks of the agent's whole life.
var age: int = 0


func _physics_process(delta: float) -> void:
	ticks += 1
	age += 1
	seconds += delta
	x = clampf(x + v * delta * 4.0, -2.0, 2.0)
	add_reward(-absf(x) / LENGTH)
	_live()
	if ticks >= LENGTH:
		_over()


## Override: what happens in every tick.
func _live() -> void:
	pass


## Override: what happens at the end of an episode.
func _over() -> void:
	log_metric(&"seconds", seconds)
	log_metric(&"is_success", float(absf(x) < 0.3))
	end_episode(true)


func _get_observation() -> Variant:
	return PackedFloat32Array([x, v])


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 1}}


func _apply_action(action: Dictionary) -> void:
	v = action["move"][0]


func _begin_episode() -> void:
	x = randf_range(-1.0, 1.0)
	v = 0.0
	ticks = 0
	seconds = 0.0
