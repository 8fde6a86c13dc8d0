extends "editor_driver.gd"
## Chooses a Python that uv brings, and sets up with it; with the argument EXPECTED it fails so.


func _drive() -> void:
	await open_dock(train)
	await until(func() -> bool: return not button("SetUp").disabled, 60, "Pythons were looked for")
	var choices: Control = find(train, "SetupChoices")
	var list: OptionButton = choices.find_child("Python", true, false)
	list.select(list.item_count - 1)
	list.item_selected.emit(list.item_count - 1)
	await click(choices.find_child("Sb3", true, false) as Control)
	await click(find(train, "SetUp"))
	await until(func() -> bool: return not button("SetupCancel").visible, 150, "it came to its end")
	var problem: Label = find(train, "SetupProblem")
	print(problem.text)
	if argument("EXPECTED") != "":
		expect(argument("EXPECTED") in problem.text, "it says what is wrong")
		expect(button("SetUp").text == "Retry", "it can be tried again")
		return
	expect(not problem.visible, problem.text)
	await until(_is_connected, 40, "connected to the environment's backend")


func _is_connected() -> bool:
	return (find(train, "Text") as Label).text == "Connected"
