extends "editor_driver.gd"
## The form: what is typed is saved, what is wrong is said in place, presets set fields and can be
## taken back, experiments are made and kept.

var _usual_rate: String = ""


func _drive() -> void:
	await open_dock(train)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "the form is there")
	_usual_rate = form_line("learning_rate").text
	await type(form_line("total_timesteps"), "12345")
	await type(form_line("learning_rate"), "2e-3")
	await until(_is_saved.bind("learning_rate", 0.002), 10, "the experiment is saved")
	expect(_is_saved("total_timesteps", 12345), "the other value, too")
	await _refuse_a_wrong_value()
	await _revert()
	await _leave_the_games_to_the_trainer()
	await _choose_a_preset()
	await _create_an_experiment()


func _refuse_a_wrong_value() -> void:
	await type(form_line("learning_rate"), "7")
	expect("above 0" in _row_error("learning_rate"), "a wrong value is refused in place")
	await click(find(train, "Train"))
	await until(
		func() -> bool: return "Learning rate" in error_text(train, "RequestError"),
		10,
		"Train names the wrong field"
	)
	expect(_is_saved("learning_rate", 0.002), "a wrong value is not saved")
	expect(not find(train, "RunPanel").visible, "no run began")


func _revert() -> void:
	var buttons: Array[Node] = form_row("learning_rate").find_children("*", "Button", true, false)
	var revert: Button = buttons[0]
	await click(revert)
	expect(form_line("learning_rate").text == _usual_rate, "the default is back")
	expect(_row_error("learning_rate") == "", "the error is gone")
	expect(not revert.visible, "nothing to take back any more")
	await until(_is_saved.bind("learning_rate", null), 10, "the default is not saved")


func _leave_the_games_to_the_trainer() -> void:
	var row: Control = form_row("n_envs")
	var auto: CheckBox = row.find_children("*", "CheckBox", true, false)[0]
	await click(auto)
	await until(_is_saved.bind("n_envs", "auto"), 10, "auto is saved")
	var spin: SpinBox = row.find_children("*", "SpinBox", true, false)[0]
	expect(not spin.visible, "no number while the trainer chooses")
	await click(auto)
	expect(spin.visible and spin.value == 1.0, "the number is back")
	await type(spin.get_line_edit(), "3")
	await until(_is_saved.bind("n_envs", 3), 10, "a number is saved")


func _choose_a_preset() -> void:
	var picker: OptionButton = find(train, "Preset") as OptionButton
	expect(picker.text == "Balanced", "the defaults are a preset")
	await type(form_line("batch_size"), "77")
	expect(picker.text == "Custom", "a value of one's own is no preset")
	picker.item_selected.emit(2)  # a popup's items take no pushed clicks
	expect(picker.text == "Stable", "the preset is chosen")
	expect("collapses" in (find(train, "Reason") as Label).text, "its reason is told")
	await process_frame  # spin boxes write their text a moment later
	var batch_size: String = form_line("batch_size").text
	var changes: PackedStringArray = (find(train, "Changes") as Label).text.split("\n")
	expect("Batch size 77 → " + batch_size in changes, "what it changed")
	await until(_is_saved.bind("batch_size", batch_size.to_int()), 10, "its values are saved")
	await click(find(train, "Undo"))
	expect(picker.text == "Custom", "taken back")
	expect(form_line("batch_size").text == "77", "what was typed is there again")
	expect(not find(train, "PresetNote").visible, "nothing more to take back")
	picker.item_selected.emit(0)
	await until(_is_saved.bind("batch_size", null), 10, "Balanced is the defaults")
	expect(_is_saved("n_envs", 3), "what presets say nothing about stays")


func _create_an_experiment() -> void:
	var picker: OptionButton = find(train, "Experiment") as OptionButton
	picker.item_selected.emit(picker.item_count - 1)  # a popup's items take no pushed clicks
	await pause(0.3)
	var dialog: ConfirmationDialog = find(train, "ExperimentBar").get_child(-1)
	var line: LineEdit = dialog.find_children("*", "LineEdit", true, false)[0]
	line.text = "fast one"
	line.text_changed.emit(line.text)
	expect(not dialog.get_ok_button().disabled, "the name is allowed")
	dialog.get_ok_button().pressed.emit()
	var file: String = "res://.rl_studio/experiments/fast one/training_config.json"
	await until(func() -> bool: return FileAccess.file_exists(file), 10, "the experiment exists")
	await until(func() -> bool: return picker.text == "fast one", 10, "it is the open one")
	expect(form_line("total_timesteps").text.begins_with("12345"), "it begins with the same values")


func _row_error(key: String) -> String:
	var label: Label = form_row(key).get_child(-1)
	return label.text if label.visible else ""


func _is_saved(key: String, value: Variant) -> bool:
	var path: String = "res://.rl_studio/experiments/default/training_config.json"
	if not FileAccess.file_exists(path):
		return false
	var saved: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(path))
	var overrides: Dictionary = saved["overrides"]
	var found: Variant = overrides.get(key)
	return found is String == (value is String) and found == value
