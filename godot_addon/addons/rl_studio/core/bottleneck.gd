@tool
extends RefCounted
## Where the wall time of a run goes of late: the shares its trainer sends with each iteration, and
## what it advises to do about them.

const RlRead := preload("read.gd")

## Iterations that are averaged: a single one may be short and odd.
const WINDOW: int = 5
## The parts of the wall time, in the order they are shown.
const PARTS: PackedStringArray = ["game", "wire", "policy", "update", "other"]
## What each part is.
const HELP: Dictionary[String, String] = {
	"game": "The trainer waits while the games simulate: physics, scripts, sensors.",
	"wire": "Observations and actions go between the games and the trainer.",
	"policy": "The policy chooses the actions.",
	"update": "The networks learn from what was gathered.",
	"other": "Everything else: metrics, checkpoints, the log.",
}

## What the trainer advises now; "" if nothing.
var advice: String = ""

## The shares of the last iterations, in the order of [constant PARTS], oldest first.
var _recent: Array[PackedFloat64Array] = []


## Takes in the "throughput" of a sample. One without shares changes nothing.
func add(throughput: Dictionary) -> void:
	if not RlRead.is_number(throughput.get("game_share")):
		return
	var shares: PackedFloat64Array = []
	for part: String in PARTS:
		var share_of_part: float = RlRead.number(throughput, part + "_share", 0.0)
		shares.append(maxf(share_of_part, 0.0) if is_finite(share_of_part) else 0.0)
	_recent.append(shares)
	if _recent.size() > WINDOW:
		_recent.remove_at(0)
	advice = RlRead.text(throughput, "advice")


## Whether the trainer tells where its time goes.
func is_known() -> bool:
	return _sum(PARTS) > 0.0


## Share of [param part] in the wall time of the last iterations, 0 to 1; all add up to 1.
func share(part: String) -> float:
	return _sum([part]) / _sum(PARTS) if is_known() else 0.0


func _sum(parts: PackedStringArray) -> float:
	var sum: float = 0.0
	for shares: PackedFloat64Array in _recent:
		for part: String in parts:
			sum += shares[PARTS.find(part)]
	return sum
