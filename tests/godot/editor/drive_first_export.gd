extends "editor_driver.gd"
## The first export of a project, into a folder that does not exist.


func _drive() -> void:
	await open_dock(train)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 60, "the form is there")
	await click(find(train, "Train"))
	await until(func() -> bool: return state_text() == "Finished", 60, "finished")
	await open_dock(export)
	var line: LineEdit = find(export, "Path") as LineEdit
	await until(func() -> bool: return line.is_visible_in_tree(), 20, "the checkpoints are there")
	await type(line, argument("TARGET"))
	await click(find(export, "Start"))
	var assign: Button = button_of(export, "Assign")
	var imported: Label = find(export, "Import") as Label
	var is_over: Callable = func() -> bool:
		return imported.is_visible_in_tree() and imported.text != "Importing…"
	await until(is_over, 120, "taken in")
	expect(not assign.disabled, "it can be assigned: %s" % imported.text)
