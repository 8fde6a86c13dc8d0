@tool
extends RefCounted
## Which runs the Metrics dock shows, and in which colour. A run keeps its colour while it is known,
## and both outlive the editor: see [method to_dict].

const RlRead := preload("read.gd")

const AT_START: int = 4
## Runs that are remembered; the oldest are forgotten.
const REMEMBERED: int = 200

var _slots: Dictionary[String, int] = {}
var _shown: Dictionary[String, bool] = {}
## Runs that were shown by themselves once. What the user did about them since is to stay.
var _met: Dictionary[String, bool] = {}


## Shows or hides a run.
func set_shown(run_id: String, on: bool) -> void:
	if on:
		_slots[run_id] = slot(run_id)
		_shown[run_id] = true
	else:
		_shown.erase(run_id)


## Whether a run is shown.
func is_shown(run_id: String) -> bool:
	return _shown.has(run_id)


## The runs that are shown, in the order in which they were chosen.
func shown() -> PackedStringArray:
	return PackedStringArray(_shown.keys())


## Shows a run that came up, once; beyond [constant AT_START] the oldest make room. Returns whether
## anything changed.
func show_new(run_id: String) -> bool:
	if _met.has(run_id):
		return false
	_met[run_id] = true
	set_shown(run_id, true)
	while _shown.size() > AT_START:
		_shown.erase(_shown.keys()[0])
	return true


## Takes a run away that has nothing to show, and gives its colour to others.
func forget(run_id: String) -> void:
	_shown.erase(run_id)
	_slots.erase(run_id)


## Number of the run's colour: the lowest that no shown run has.
func slot(run_id: String) -> int:
	if _slots.has(run_id):
		return _slots[run_id]
	var taken: Array[int] = []
	for other: String in _shown:
		taken.append(_slots[other])
	var free: int = 0
	while free in taken:
		free += 1
	return free


## All of it, to be kept for the next editor.
func to_dict() -> Dictionary:
	return {
		"shown": Array(_shown.keys()),
		"slots": _newest(_slots),
		"met": _newest(_met).keys(),
	}


## Takes over what an editor before has kept.
func load_dict(kept: Dictionary) -> void:
	var slots: Dictionary = RlRead.dict(kept, "slots")
	for run_id: Variant in slots:
		_slots[str(run_id)] = maxi(RlRead.integer(slots, str(run_id)), 0)
	for run_id: String in RlRead.texts(kept, "shown"):
		set_shown(run_id, true)
	for run_id: String in RlRead.texts(kept, "met"):
		_met[run_id] = true


static func _newest(all: Dictionary) -> Dictionary:
	var kept: Dictionary = {}
	for run_id: Variant in all.keys().slice(-REMEMBERED):
		kept[run_id] = all[run_id]
	return kept
