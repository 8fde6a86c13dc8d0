extends RefCounted
## How a [TrainingSession] and its trainer write resets, actions and what comes of them: the base of
## json_dialect.gd and binary_dialect.gd.

const Seat := preload("seat.gd")

## What is wrong with what was read or is to be written. Empty = nothing.
var problem: String = ""

var _seats: Array[Seat]


func _init(seats: Array[Seat]) -> void:
	_seats = seats


## Override: the answer to a reset, or nothing and [member problem] says why.
## [param received_usec] is when the trainer asked, by Time.get_ticks_usec().
func write_first(_received_usec: int) -> PackedByteArray:
	return []


## Override: the answer to actions, or nothing and [member problem] says why.
func write_step(_received_usec: int) -> PackedByteArray:
	return []


## Lets every agent act; [param actions] are one Dictionary per agent.
func _apply(actions: Array[Dictionary]) -> void:
	for index: int in actions.size():
		var agent: RLAgent = _seats[index].get_agent()
		if agent != null:
			agent._apply_action(actions[index])


func _blame(seat: Seat, reason: String) -> PackedByteArray:
	problem = "agent %s: %s" % [seat.path, reason]
	return []
