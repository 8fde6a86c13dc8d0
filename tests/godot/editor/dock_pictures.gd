extends "dock_states.gd"
## Photographs the docks in each state: see tests/dock_pictures.py.

## States in which the Export dock is looked at, too.
const WITH_EXPORT: PackedStringArray = ["offline", "finished", "names"]


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	var states: PackedStringArray = argument("STATES").split(",", false)
	for wanted: String in states if not states.is_empty() else STATES:
		await show_state(wanted)
		await _photograph(wanted)
		if wanted in WITH_EXPORT:
			await open_dock(export)
			await _photograph(wanted + "-export")
			await open_dock(train)


func _photograph(name: String) -> void:
	await snap(argument("OUTPUT").path_join("%s_%s.png" % [argument("VARIANT"), name]))
