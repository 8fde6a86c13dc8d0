extends "dock_states.gd"
## In a window of 1152 by 648 pixels: Train is within it, wide enough to read, and the charts are
## one click away and have room.


func _drive() -> void:
	EditorInterface.set_main_screen_editor("2D")
	await open_dock(train)
	await show_state("running")
	var window: Rect2 = Rect2(Vector2.ZERO, root.size)
	expect(root.size.x <= 1152, "the window is as small as the screen: %s" % root.size)
	await _wait_for_the_width()
	var panel: Control = train.get_parent_control().get_parent_control()
	expect(panel.size.x >= 320.0, "the dock is %d pixels wide" % panel.size.x)
	for name: String in ["Train", "Stop", "ShowCurves", "Help", "State", "Form"]:
		var rect: Rect2 = find(train, name).get_global_rect()
		var is_inside: bool = rect.end.x <= window.end.x and rect.position.x >= 0.0
		expect(is_inside, "%s is within the window: %s" % [name, rect])
	expect(find(train, "Scroll").size.y >= 120.0, "the form has room")
	await click(find(train, "ShowCurves"))
	await pause(0.5)
	expect(metrics.is_visible_in_tree(), "the charts are shown")
	expect(window.encloses(metrics.get_global_rect()), "%s" % metrics.get_global_rect())
	for name: String in ["EpisodeRewardMean", "EpisodeLenMean", "SuccessRate"]:
		var chart: Control = find(metrics, name)
		expect(chart.size.x >= 160.0 and chart.size.y >= 110.0, "%s: %s" % [name, chart.size])
		expect(window.encloses(chart.get_global_rect()), "%s is seen whole" % name)


func _wait_for_the_width() -> void:
	for _index: int in 5:
		await process_frame
