extends "editor_driver.gd"
## From an empty home: the dock shows Set up, it is pressed, and then Train. With the argument
## CANCEL it is cancelled on the way first, and pressed again.


func _drive() -> void:
	await open_dock(train)
	expect(find(train, "SetupBody").visible, "Set up is shown where there is no backend")
	await until(func() -> bool: return not button("SetUp").disabled, 60, "Pythons were looked for")
	var list: OptionButton = find(train, "SetupChoices").find_child("Python", true, false)
	for index: int in list.item_count:
		print("python: %s" % list.get_item_text(index))
	await snap(argument("PICTURE") + "before.png")
	if argument("CANCEL") != "":
		await click(find(train, "SetUp"))
		await until(_is_at.bind(argument("CANCEL")), 120, "it is at: " + argument("CANCEL"))
		await click(find(train, "SetupCancel"))
		await until(func() -> bool: return button("SetUp").visible, 30, "it was cancelled")
		expect(
			"goes on from there" in (find(train, "SetupStatus") as Label).text,
			"it tells what is left"
		)
	await click(find(train, "SetUp"))
	expect(button("SetupCancel").visible, "it can be cancelled")
	await until(_is_at.bind("Downloading"), 120, "it tells what is downloaded")
	await snap(argument("PICTURE") + "during.png")
	await until(_is_over, 280, "it came to its end")
	expect(not find(train, "SetupProblem").visible, (find(train, "SetupProblem") as Label).text)
	await until(_is_connected, 40, "connected to the environment's backend")
	expect(not find(train, "SetupBody").visible, "the panel folds itself")
	await click(find(train, "Train"))
	await until(func() -> bool: return points() >= 1, 120, "a run has a curve")
	await snap(argument("PICTURE") + "after.png")
	await click(find(train, "Stop"))
	await until(func() -> bool: return state_text() == "Stopped", 60, "the run has stopped")


func _is_at(text: String) -> bool:
	return text in (find(train, "SetupProgress") as Label).text or _is_over()


func _is_over() -> bool:
	return not button("SetupCancel").visible


func _is_connected() -> bool:
	return (find(train, "Text") as Label).text == "Connected"
