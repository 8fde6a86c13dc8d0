extends "editor_driver.gd"
## The form: what is typed is saved, what is wrong is said in place, experiments are made and kept.


func _drive() -> void:
	await open_dock(train)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "the form is there")
	await type(form_line("total_timesteps"), "12345")
	await type(form_line("learning_rate"), "1e-3")
	await until(_is_saved.bind("learning_rate", 0.001), 10, "the experiment is saved")
	expect(_is_saved("total_timesteps", 12345), "the other value, too")
	await _refuse_a_wrong_value()
	await _revert()
	await _create_an_experiment()


func _refuse_a_wrong_value() -> void:
	await type(form_line("learning_rate"), "7")
	expect("above 0" in _row_error("learning_rate"), "a wrong value is refused in place")
	await click(find(train, "Train"))
	expect("Learning rate" in error_text(train, "RequestError"), "Train names the wrong field")
	expect(_is_saved("learning_rate", 0.001), "a wrong value is not saved")
	expect(not find(train, "RunPanel").visible, "no run began")


func _revert() -> void:
	var buttons: Array[Node] = form_row("learning_rate").find_children("*", "Button", true, false)
	var revert: Button = buttons[0]
	await click(revert)
	expect(form_line("learning_rate").text == "3e-4", "the default is back")
	expect(_row_error("learning_rate") == "", "the error is gone")
	expect(not revert.visible, "nothing to take back any more")
	await until(_is_saved.bind("learning_rate", null), 10, "the default is not saved")


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
	return overrides.get(key) == value
