class_name Tagged
extends RLAgent
## Says who it is, pays by it and checks that it gets its own actions: an agent that is taken for
## another one is found out.
##
## It observes its number, how often it has decided and how many ticks its episode is old; its
## action is to be a thousandth of its number; each tick pays its number.

static var _next_number: int = 1

var number: int = 0
var decided: int = 0
var ticks: int = 0
var wrong: int = 0
## Ticks after which the episode ends; 0 = never.
var length: int = 0


func _init() -> void:
	number = _next_number
	_next_number += 1


func _physics_process(_delta: float) -> void:
	ticks += 1
	add_reward(number)
	if length > 0 and ticks >= length:
		finish()


## Ends the episode: decided, not cut off.
func finish() -> void:
	log_metric(&"wrong", wrong)
	log_metric(&"number", number)
	end_episode()


func _get_observation() -> Variant:
	return PackedFloat32Array([number, decided, ticks])


func _get_action_space() -> Dictionary:
	return {"name": {"action_type": "continuous", "size": 1}}


func _apply_action(action: Dictionary) -> void:
	decided += 1
	var given: PackedFloat32Array = action["name"]
	if absf(given[0] * 1000.0 - number) > 0.1:
		wrong += 1


func _begin_episode() -> void:
	ticks = 0


func _exit_tree() -> void:
	print("@LIFE %d %d %d" % [number, decided, wrong])
