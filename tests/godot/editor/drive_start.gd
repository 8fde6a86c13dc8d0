extends "editor_driver.gd"
## Starts a run and leaves the editor while it goes on.


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	await click(find(train, "Train"))
	await until(func() -> bool: return points() >= 2, 90, "a run goes on")
