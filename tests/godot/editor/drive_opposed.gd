extends "editor_driver.gd"
## A scripted run of two policies against each other, with a warning: figures, curves and
## checkpoints are those of each policy.

const RUNS: String = "res://.rl_studio/runs"


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "the form is there")
	await click(find(train, "Train"))
	await until(func() -> bool: return points() == 8, 60, "2 points and 2 evaluations of each")
	_look_at_the_panel()
	_look_at_the_curves()
	await _look_at_the_checkpoints()
	_look_at_the_broken_run()
	touch(RUNS, "end")
	await open_dock(train)
	await _open_the_line_of_the_warning()
	await until(func() -> bool: return state_text() == "Finished", 20, "finished")
	expect(find(find(train, "RunDetails"), "Warnings").visible, "the warning stays")


func _open_the_line_of_the_warning() -> void:
	var links: Array[Node] = find(find(train, "RunDetails"), "Warnings").find_children(
		"*", "LinkButton", true, false
	)
	if expect(links.size() == 1, "the warning of the script has a link"):
		await click(links[0] as Control)
		await pause(0.3)
		var editor: ScriptEditor = EditorInterface.get_script_editor()
		expect(editor.get_current_script().resource_path.ends_with("puck.gd"), "that opens it")


func _look_at_the_broken_run() -> void:
	var told: PackedStringArray = []
	for label: Label in metrics.find_children("Facts", "Label", true, false):
		told.append(label.text)
	expect("run.json is wrong" in ", ".join(told), "a run with a broken file is listed: %s" % told)


func _look_at_the_panel() -> void:
	var panel: Control = find(train, "RunPanel")
	expect(not find(panel, "Numbers").visible, "there is no common figure")
	var details: Control = find(train, "RunDetails")
	expect(find(details, "Policies").visible, "but those of the policies")
	expect(_row(0) == PackedStringArray(["cat", "0.42", "2%"]), "the first: %s" % _row(0))
	expect(_row(1) == PackedStringArray(["dog", "5.1", "99%"]), "the second: %s" % _row(1))
	var warnings: PackedStringArray = find(details, "Warnings").call(&"get_texts")
	var expected: String = "The observation 'obs' of cat leaves -10 to 10. (2 times)"
	expect(warnings.size() == 2 and warnings[0] == expected, "the warning, once: %s" % warnings)
	expect("puck.gd:7" in warnings[1] and "(28 times)" in warnings[1], "the error: %s" % warnings)
	expect(not find(details, "Message").visible, "and not again as the last word")


func _look_at_the_curves() -> void:
	var titles: PackedStringArray = []
	for label: Label in find(metrics, "Legend").find_children("*", "Label", true, false):
		titles.append(label.text)
	expect(
		titles == PackedStringArray(["cat", "cat · evaluation", "dog", "dog · evaluation"]),
		"the legend: %s" % titles
	)


func _look_at_the_checkpoints() -> void:
	await open_dock(export)
	var list: Tree = find(export, "Checkpoints") as Tree
	await until(func() -> bool: return list.visible, 10, "the checkpoints are there")
	expect(list.get_column_title(1) == "cat", "a column for each: %s" % list.get_column_title(1))
	expect(list.get_column_title(2) == "dog", "a column for each: %s" % list.get_column_title(2))
	for index: int in 2:
		var item: TreeItem = list.get_root().get_child(index)
		expect(item.get_icon(2 - index) != null, "each is the best one for a policy")
		expect(item.get_icon(1 + index) == null, "and not for the other")
		expect(item.get_text(1) == "0.42", "with both rewards: %s" % item.get_text(1))
		expect(item.get_text(2) == "5.1", "with both rewards: %s" % item.get_text(2))
	var newest: TreeItem = list.get_root().get_child(0)
	expect("The best for dog" in newest.get_tooltip_text(0), newest.get_tooltip_text(0))
	expect("cat: reward 0.42, success 2%" in newest.get_tooltip_text(0), "with the figures")


func _row(index: int) -> PackedStringArray:
	var row: PackedStringArray = find(find(train, "RunDetails"), "Policies").call(&"get_row", index)
	return row
