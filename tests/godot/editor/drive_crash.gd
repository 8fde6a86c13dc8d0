extends "editor_driver.gd"
## The game of a run does not come up: the dock shows why, with the last lines.


func _drive() -> void:
	await open_dock(train)
	await click(find(train, "Train"))
	await until(func() -> bool: return state_text() == "Failed", 90, "the run failed")
	var text: String = error_text(train, "RunError")
	print(text)
	expect("game" in text.to_lower(), "the message names the game")
	expect(argument("EXPECTED") in text, "the last lines are there")
	expect(not button("Train").disabled, "one may try again")
