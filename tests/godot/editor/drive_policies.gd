extends "editor_driver.gd"
## A scripted run of two policies that is evaluated: its curves, their legend, the other axes, and
## how its end is told. Then another run begins with it.

const RUNS: String = "res://.rl_studio/runs"
const MENU_BY_POLICY: int = 1


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "the form is there")
	expect(not find(train, "ContinueBar").visible, "there is no run to begin with")
	await click(find(train, "Train"))
	await until(func() -> bool: return points() >= 8, 60, "both policies and the evaluations")
	await _look_at_the_curves()
	await _look_at_the_end()
	await _look_at_the_checkpoints()
	await _begin_with_the_run()
	await _turn_to_the_other_run()


func _look_at_the_curves() -> void:
	expect(
		_legend() == PackedStringArray(["cat", "dog", "evaluation"]), "the legend: %s" % _legend()
	)
	expect(points() == 8, "3 points of each policy, 2 evaluations")
	var axis: OptionButton = find(metrics, "XAxis") as OptionButton
	for item: int in [1, 2]:
		axis.select(item)
		axis.item_selected.emit(item)
		await pause(0.3)
		expect(points() == 8, "%s has all points" % axis.text)
	axis.item_selected.emit(0)
	var menu: PopupMenu = (find(metrics, "Charts") as MenuButton).get_popup()
	menu.index_pressed.emit(MENU_BY_POLICY)
	await until(func() -> bool: return points() == 5, 5, "one curve for the run")
	menu.index_pressed.emit(MENU_BY_POLICY)
	await until(func() -> bool: return points() == 8, 5, "and one for each policy again")


func _look_at_the_end() -> void:
	touch(RUNS, "end")
	await until(func() -> bool: return state_text() == "Finished", 20, "finished")
	var facts: Label = find(find(metrics, "Runs"), "Facts") as Label
	await until(func() -> bool: return "reached reward 3" in facts.text, 5, "why it ended")


func _look_at_the_checkpoints() -> void:
	await open_dock(export)
	var list: Tree = find(export, "Checkpoints") as Tree
	await until(func() -> bool: return list.visible, 10, "the checkpoints are there")
	var newest: TreeItem = list.get_root().get_child(0)
	var best: TreeItem = list.get_root().get_child(1)
	expect(newest.get_icon(0) == null and best.get_icon(0) != null, "the best has a star")
	expect(list.get_column_title(2) == "Evaluated", "there is a column for evaluations")
	expect(best.get_text(2) == "8", "with the reward: %s" % best.get_text(2))
	await open_dock(train)


func _begin_with_the_run() -> void:
	expect(find(train, "ContinueBar").visible, "there is a run to begin with")
	var mode: OptionButton = find(train, "Mode") as OptionButton
	mode.item_selected.emit(1)  # a popup's items take no pushed clicks
	var checkpoint: OptionButton = find(train, "Checkpoint") as OptionButton
	await until(func() -> bool: return not checkpoint.disabled, 10, "its checkpoints are known")
	await until(func() -> bool: return form_row("seed") != null, 10, "its settings are known")
	expect(button("Train").text == "Resume", "the button says it")
	expect(not find(train, "Scene").visible, "the run has its scene")
	expect(checkpoint.get_item_text(1) == "Best, 200 steps", checkpoint.get_item_text(1))
	checkpoint.item_selected.emit(1)
	mode.item_selected.emit(0)
	expect(button("Train").text == "Train", "taken back")
	expect(find(train, "Scene").visible, "the experiment's scene is there again")
	mode.item_selected.emit(1)
	expect(checkpoint.text == "Best, 200 steps", "the choice is still there")
	await click(find(train, "Train"))
	await until(func() -> bool: return find(train, "Origin").visible, 30, "another run goes on")
	expect("Resumed from default" in (find(train, "Origin") as Label).text, "it says from where")
	await until(
		func() -> bool: return button("Train").text == "Train",
		20,
		"the next one begins with nothing"
	)
	expect(mode.selected == 0, "as the list says")
	await click(find(train, "Stop"))
	await until(func() -> bool: return state_text() == "Stopped", 20, "stopped")


func _turn_to_the_other_run() -> void:
	await open_dock(export)
	var runs: OptionButton = find(export, "Runs") as OptionButton
	var line: LineEdit = find(export, "Path") as LineEdit
	expect(runs.item_count == 2 and runs.selected == 0, "the dock turned to the newest run")
	await type(line, "res://mine.onnx")
	runs.item_selected.emit(1)
	await until(
		func() -> bool: return line.text == "res://policies/{policy}.onnx",
		10,
		"the path of one run is not proposed for another"
	)


func _legend() -> PackedStringArray:
	var titles: PackedStringArray = []
	for label: Label in find(metrics, "Legend").find_children("*", "Label", true, false):
		titles.append(label.text)
	return titles
