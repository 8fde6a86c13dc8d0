extends "editor_driver.gd"
## The managed environment is of an older version than the addon: Connect brings it up to date.
## Then it is removed, once the user has said yes.


func _drive() -> void:
	await open_dock(train)
	var status: Label = find(train, "SetupStatus")
	expect("holds version 0.0.9" in status.text, "it says that the environment is older")
	await click(find(train, "Connect"))
	await until(_is_connected, 100, "connected to the new version's backend")
	var notes: Label = find(train, "SetupNotes")
	expect(notes.is_visible_in_tree(), "it says what was done")
	expect("from version 0.0.9" in notes.text, notes.text)
	expect(not "0.0.9" in status.text, status.text)
	if not find(train, "SetupBody").visible:
		await click(find(train, "SetupHeader"))
	var question: ConfirmationDialog = train.find_child("SetupRemoveQuestion", true, false)
	await click(find(train, "SetupRemove"))
	await until(func() -> bool: return question.visible, 5, "it asks before it removes anything")
	question.get_ok_button().pressed.emit()
	await until(func() -> bool: return not find(train, "SetupRemove").visible, 60, "it is removed")


func _is_connected() -> bool:
	return (find(train, "Text") as Label).text == "Connected"
