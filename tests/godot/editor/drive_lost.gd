extends "editor_driver.gd"
## The backend is killed under a run: the dock says so, and finds the run again afterwards.


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	await click(find(train, "Train"))
	await until(func() -> bool: return state_text() == "Running", 90, "a run goes on")
	var text: String = FileAccess.get_file_as_string("res://.rl_studio/backend.json")
	var discovery: Dictionary = JSON.parse_string(text)
	var pid: int = discovery["pid"]
	expect(OS.kill(pid) == OK, "the backend is killed")
	await until(func() -> bool: return _link() == "Not connected", 30, "the loss is noticed")
	var error: String = error_text(train, "LinkError")
	expect("lost" in error and "Connect" in error, "the message says what helps: %s" % error)
	await click(find(train, "Connect"))
	await until(func() -> bool: return _link() == "Connected", 40, "connected again")
	expect(error_text(train, "LinkError") == "", "the message is gone")
	await until(func() -> bool: return state_text() == "Running", 20, "the run was found again")
	var before: int = points()
	await until(func() -> bool: return points() > before, 60, "its curve goes on")
	await click(find(train, "Stop"))
	await until(func() -> bool: return state_text() == "Stopped", 30, "it can be stopped")


func _link() -> String:
	return (find(train, "Text") as Label).text
