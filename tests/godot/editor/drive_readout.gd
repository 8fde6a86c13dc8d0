extends "editor_driver.gd"
## The read-out of a scripted run: where the time goes, what the trainer advises, and a game that
## was restarted.

const RUNS: String = "res://.rl_studio/runs"


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "the form is there")
	expect(not find(train, "Preset").visible, "a trainer without presets has no picker")
	await click(find(train, "Train"))
	await until(func() -> bool: return points() >= 2, 60, "the first iterations are there")
	expect(not find(train, "Shares").visible, "no shares, no read-out")
	expect(not find(train, "Restart").visible, "no game was restarted")
	await _show_shares()
	await _restart_a_game()
	await _end()


func _show_shares() -> void:
	_touch("shares")
	await until(func() -> bool: return find(train, "Shares").visible, 20, "shares, a read-out")
	await until(_legend_is.bind("Game 62%"), 20, "the legend tells the share of the game")
	for text: String in ["Transfer 3%", "Decisions 9%", "Learning 24%", "Other 2%"]:
		expect(_legend_is(text), text)
	expect(_hint("Advice") == "Add arenas.", "the advice is there")
	var bar: Control = find(train, "Bar")
	var tip: String = bar.get_tooltip(Vector2(bar.size.x * 0.3, 2.0))
	expect(tip.begins_with("Game: 62%"), "the bar explains itself")
	expect(bar.get_tooltip(bar.size * 0.8).begins_with("Learning: 24%"), "every part of it")


func _restart_a_game() -> void:
	_touch("crash")
	await until(func() -> bool: return find(train, "Restart").visible, 20, "the restart is told")
	expect(_hint("RestartHint") == "Game 1 crashed and was restarted (2 of 10).", "in a sentence")
	expect(not find(find(train, "RunDetails"), "Message").visible, "and only once")
	var log_text: RichTextLabel = find(find(train, "Log"), "Text") as RichTextLabel
	expect(not log_text.visible, "the log is folded")
	await click(find(train, "ShowLog"))
	expect(log_text.visible, "the log is open")
	await until(
		func() -> bool: return "x = 3" in log_text.get_parsed_text(), 10, "the last lines are there"
	)


func _end() -> void:
	_touch("calm")
	await until(func() -> bool: return _hint("Advice") == "", 20, "the advice is gone")
	_touch("end")
	await until(func() -> bool: return state_text() == "Finished", 20, "finished")
	expect(find(train, "Shares").visible, "the read-out stays")
	expect(find(train, "Restart").visible, "the restart, too")


## Lets the trainer go on, see fake_trainer.py.
func _touch(file: String) -> void:
	for run: String in DirAccess.get_directories_at(RUNS):
		FileAccess.open(RUNS.path_join(run).path_join(file), FileAccess.WRITE).close()


func _legend_is(text: String) -> bool:
	return (find(find(train, "Legend"), text.get_slice(" ", 0)) as Label).text == text


func _hint(unique: String) -> String:
	var text: String = find(train, unique).call(&"get_text")
	return text
