extends "editor_driver.gd"
## The main path: Train is pressed in a fresh editor, curves move, Stop, Export, and the policy
## loads.

const POLICY: String = "res://policies/chase.onnx"


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	expect(not find(train, "Form").visible, "no form before there is a connection")
	await click(find(train, "Train"))
	await until(_text_is.bind("Connected"), 40, "connected by pressing Train")
	await until(func() -> bool: return find(train, "RunPanel").visible, 60, "a run began")
	expect(button("Train").disabled, "Train cannot be pressed twice")
	await until(func() -> bool: return points() >= 3, 90, "the reward curve has points")
	var before: int = points()
	await until(func() -> bool: return points() > before, 30, "the reward curve moves")
	expect(find(train, "Shares").visible, "the dock tells where the time goes")
	await _hover_over_the_chart()
	await _stop()
	await _export()


func _hover_over_the_chart() -> void:
	var chart: Control = find(metrics, "EpisodeRewardMean")
	await hover(chart, Vector2(0.6, 0.6))
	var cursor: Control = chart.get_child(1)
	var marked: float = cursor.get(&"_x")
	expect(not is_nan(marked), "the crosshair follows the mouse")
	await hover(train, Vector2(0.5, 0.9))


func _stop() -> void:
	await click(find(train, "Stop"))
	expect(button("Stop").text == "Stopping…", "Stop says at once that it stops")
	await until(func() -> bool: return state_text() == "Stopped", 30, "the run has stopped")
	expect(not button("Train").disabled, "another run can begin")
	expect(error_text(train, "RunError") == "", "a stopped run is no error")


func _export() -> void:
	await open_dock(export)
	var start: Button = find(export, "Start") as Button
	await until(func() -> bool: return not start.disabled, 10, "there is a checkpoint")
	await click(start)
	await until(func() -> bool: return find(export, "Card").visible, 90, "exported")
	expect("Verified" in (find(export, "Proof") as Label).text, "the card tells the proof")
	var assign: Button = find(export, "Assign") as Button
	await until(func() -> bool: return not assign.disabled, 20, "imported")
	var policy: Resource = load(POLICY)
	if expect(policy != null, "the policy loads"):
		var is_valid: bool = policy.call(&"is_valid")
		expect(is_valid, "the policy is valid")
	await click(find(export, "Show"))
	expect(EditorInterface.get_current_path() == POLICY, "Show in FileSystem selects it")


func _text_is(text: String) -> bool:
	return (find(train, "Text") as Label).text == text
