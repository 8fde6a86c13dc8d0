extends "editor_driver.gd"
## There is no usable Python, or it lacks rl_studio, or its backend dies: the dock says so.


func _drive() -> void:
	await open_dock(train)
	await click(find(train, "Train"))
	await until(_is_failed, 40, "the attempt ended")
	var text: String = error_text(train, "LinkError")
	print(text)
	expect(argument("EXPECTED") in text, "the message says what is wrong")
	expect(argument("HINT") in text, "the message says what helps")
	expect(find(find(train, "LinkError"), "Choose").visible, "another Python can be chosen")
	expect(button("Connect").visible and not button("Connect").disabled, "one may try again")
	expect(not button("Train").disabled, "Train can be pressed again")


func _is_failed() -> bool:
	return find(train, "LinkError").visible
