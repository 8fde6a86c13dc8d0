@tool
extends RefCounted
## Which runs the Metrics dock shows, and in which colour. A run keeps its colour while it is known.

const AT_START: int = 4

var _slots: Dictionary[String, int] = {}
var _shown: Dictionary[String, bool] = {}


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


## Shows a run that just began; beyond [constant AT_START] the oldest make room.
func show_new(run_id: String) -> void:
	set_shown(run_id, true)
	while _shown.size() > AT_START:
		_shown.erase(_shown.keys()[0])


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
