extends RefCounted
## How a [RlTrainingSession] and its trainer write resets, actions and what comes of them: the base
## of json_dialect.gd and binary_dialect.gd.

const RlPilot := preload("pilot.gd")
const RlRoster := preload("roster.gd")
const RlSeat := preload("seat.gd")

## What is wrong with what was read or is to be written, and its code on the wire. Empty = nothing.
var problem: String = ""
var code: String = ""

var _roster: RlRoster


func _init(roster: RlRoster) -> void:
	_roster = roster


## Override: the answer to a reset, or nothing and [member problem] says why. [param received_usec]
## is when the trainer asked, by Time.get_ticks_usec(); [param pilots] are all agents that are to
## be trained now.
func write_first(_received_usec: int, _pilots: Array[RlPilot]) -> PackedByteArray:
	return []


## Override: the answer to actions, or nothing and [member problem] says why.
func write_step(_received_usec: int, _pilots: Array[RlPilot]) -> PackedByteArray:
	return []


func _blame(seat: RlSeat, reason: String) -> PackedByteArray:
	problem = "agent %s: %s" % [seat.path, reason]
	code = "data"
	return []


## Whether those who came could be given rows.
func _check_roster() -> bool:
	problem = _roster.problem
	code = _roster.code
	return problem.is_empty()
