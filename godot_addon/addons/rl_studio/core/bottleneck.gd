@tool
extends RefCounted
## Where the wall time of a run goes of late: the shares its trainer sends with each iteration, and
## what it advises to do about them.

const RlRead := preload("read.gd")

## Iterations that are averaged: a single one may be short and odd.
const WINDOW: int = 5
## An advice is about the part that takes at least this much; below it nothing stands out.
const DOMINATES: float = 0.5
## The parts of the wall time, in the order they are shown.
const PARTS: PackedStringArray = ["game", "wire", "policy", "update", "other"]
## What each part is called.
const NAMES: Dictionary[String, String] = {
	"game": "Game",
	"wire": "Transfer",
	"policy": "Decisions",
	"update": "Learning",
	"other": "Other",
}
## What each part is.
const HELP: Dictionary[String, String] = {
	"game": "The trainer waits while the games simulate: physics, scripts, sensors.",
	"wire": "Observations and actions are on their way between the games and the trainer.",
	"policy": "The policy chooses the actions.",
	"update": "The networks learn from what was gathered.",
	"other": "Everything else: metrics, checkpoints, the log.",
}

## What the trainer advised last; "" if nothing.
var _advice: String = ""
## The part that is about; "" if the trainer does not tell.
var _advice_part: String = ""

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
	_advice = RlRead.text(throughput, "advice")
	_advice_part = RlRead.text(throughput, "bottleneck")


## Takes back what was advised: something went wrong meanwhile.
func forget_advice() -> void:
	_advice = ""


## Whether the trainer tells where its time goes.
func is_known() -> bool:
	return _sum(PARTS) > 0.0


## What the trainer advises, as long as the shares that are shown bear it out; "" if nothing.
func advice() -> String:
	return _advice if _advice_part == "" or share(_advice_part) >= DOMINATES else ""


## Share of [param part] in the wall time of the last iterations, 0 to 1; all add up to 1.
func share(part: String) -> float:
	return _sum([part]) / _sum(PARTS) if is_known() and part in PARTS else 0.0


func _sum(parts: PackedStringArray) -> float:
	var sum: float = 0.0
	for shares: PackedFloat64Array in _recent:
		for part: String in parts:
			sum += shares[PARTS.find(part)]
	return sum
