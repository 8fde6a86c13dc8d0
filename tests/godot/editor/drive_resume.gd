extends "editor_driver.gd"
## A fresh editor finds the run that goes on; the plugin may be switched off and on meanwhile.

const PLUGIN: String = "rl_studio"


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	await until(_is_resumed, 20, "the run is picked up without a click")
	EditorInterface.set_plugin_enabled(PLUGIN, false)
	await pause(0.5)
	expect(not _has_docks(), "the docks are gone with the plugin")
	EditorInterface.set_plugin_enabled(PLUGIN, true)
	await until(_has_docks, 10, "the docks are back")
	await open_dock(metrics)
	await open_dock(train)
	await until(_is_resumed, 20, "the run is picked up again")
	await click(find(train, "Stop"))
	await until(func() -> bool: return state_text() == "Stopped", 30, "it can be stopped")


func _is_resumed() -> bool:
	return state_text() == "Running" and points() >= 2
