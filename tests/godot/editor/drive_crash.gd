extends "editor_driver.gd"
## The game of a run does not come up: the dock shows why, with the last lines.


func _drive() -> void:
	await open_dock(train)
	await click(find(train, "Train"))
	var findings: Control = find(train, "Findings")
	await until(find.bind(findings, "TrainAnyway"), 40, "nobody would learn in this scene")
	await click(find(findings, "TrainAnyway"))
	await until(func() -> bool: return state_text() == "Failed", 90, "the run failed")
	var text: String = error_text(train, "RunError")
	print(text)
	expect("game" in text.to_lower(), "the message names the game")
	expect(argument("EXPECTED") in text, "the last lines are there")
	await _open_the_line()
	expect(not button("Train").disabled, "one may try again")


func _open_the_line() -> void:
	var open: Button = find(find(train, "RunError"), "Open") as Button
	if expect(open.visible and open.text == "quits.gd:8", "the line is offered: %s" % open.text):
		await click(open)
		await pause(0.3)
		var editor: ScriptEditor = EditorInterface.get_script_editor()
		expect(editor.get_current_script().resource_path == "res://quits.gd", "the link opens it")
