extends "editor_driver.gd"
## What keeps a scene from being trained is found when Train is pressed, each with what mends it;
## all that is open is saved first.

const SCENE: String = "res://bare.tscn"
const SCRIPT: String = "res://scripts/other_agent.gd"
const WITHIN_S: float = 1.0

var _runs: int = 0


func _drive() -> void:
	await open_dock(train)
	EditorInterface.open_scene_from_path(SCENE)
	await pause(0.5)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "connected")
	await _add_a_sync_and_take_it_out()
	await _train_what_is_not_saved()
	await _open_the_line_of_an_error()
	await _tell_of_a_scene_without_a_file()


func _add_a_sync_and_take_it_out() -> void:
	await _press_train()
	await until(_row.bind("NoSync"), WITHIN_S, "no RLSync is found")
	expect(_run_count() == 0, "no run is started")
	await click(_row("NoSync").find_child("Mend", true, false) as Control)
	await until(func() -> bool: return _row("NoSync") == null, WITHIN_S, "an RLSync mends it")
	expect(_root().has_node("RLSync"), "there is an RLSync")
	expect("rl_sync.gd" in FileAccess.get_file_as_string(SCENE), "it is saved")
	await _press_undo()
	await _press_train()
	await until(_row.bind("NoSync"), WITHIN_S, "it is missing again")


func _train_what_is_not_saved() -> void:
	await _press_undo(true)
	expect(not "rl_sync.gd" in FileAccess.get_file_as_string(SCENE), "the RLSync is not saved")
	await _press_train()
	await _end_run("what was not saved is trained")
	expect("rl_sync.gd" in FileAccess.get_file_as_string(SCENE), "Train saved the scene")


func _open_the_line_of_an_error() -> void:
	EditorInterface.edit_script(load(SCRIPT) as Script)
	EditorInterface.set_main_screen_editor("Script")
	await pause(0.5)
	var editor: CodeEdit = (
		EditorInterface.get_script_editor().get_current_editor().get_base_editor() as CodeEdit
	)
	var good: String = editor.text
	_type_code(editor, good.replace("\tpass", "\tadd_rewrad(1.0)"))
	await _press_train()
	await until(_row.bind("ScriptError"), WITHIN_S, "the error is found")
	var place: LinkButton = _row("ScriptError").find_child("Place", true, false) as LinkButton
	expect(place.text == "scripts/other_agent.gd:13", "it is named with its line: %s" % place.text)
	expect("add_rewrad" in text_of(_row("ScriptError")), "and in Godot's words")
	editor.set_caret_line(0)
	EditorInterface.set_main_screen_editor("2D")
	await click(place)
	await pause(0.3)
	expect(EditorInterface.get_script_editor().is_visible_in_tree(), "the link opens the editor")
	expect(editor.get_caret_line() == 12, "at the line: %d" % editor.get_caret_line())
	_type_code(editor, good)
	await _press_train()
	await _end_run("the script is mended and trained")
	expect(FileAccess.get_file_as_string(SCRIPT) == good, "Train saved the script")


func _tell_of_a_scene_without_a_file() -> void:
	EditorInterface.open_scene_from_path("res://empty.tscn", true)
	await pause(0.5)
	var sync: Node = Node.new()
	sync.set_script(load("res://addons/rl_studio/runtime/rl_sync.gd") as Script)
	_root().add_child(sync)
	sync.owner = _root()
	await _press_train()
	await until(_row.bind("Unsaved"), WITHIN_S, "a scene without a file is told of")
	await _end_run("it keeps no other scene from being trained")


func _press_train() -> void:
	await until(func() -> bool: return not button("Train").disabled, 20, "Train can be pressed")
	await click(find(train, "Train"))


func _row(code: String) -> Control:
	return find(find(train, "Findings"), code) if find(train, "Findings").visible else null


func _root() -> Node:
	return EditorInterface.get_edited_scene_root()


## Presses Ctrl+Z, or Ctrl+Shift+Z to get it back, until the RLSync is gone or there.
func _press_undo(again: bool = false) -> void:
	var is_done: Callable = func() -> bool: return _root().has_node("RLSync") == again
	for _attempt: int in 5:
		root.gui_release_focus()
		for pressed: bool in [true, false]:
			var event: InputEventKey = InputEventKey.new()
			event.keycode = KEY_Z
			event.ctrl_pressed = true
			event.shift_pressed = again
			event.pressed = pressed
			root.push_input(event, true)
		await pause(0.5)  # a busy editor takes no keys
		if is_done.call():
			return
	expect(false, "redo brings it back" if again else "undo takes it out")


func _type_code(editor: CodeEdit, text: String) -> void:
	editor.begin_complex_operation()
	editor.select_all()
	editor.insert_text_at_caret(text)
	editor.end_complex_operation()


func _run_count() -> int:
	var runs: DirAccess = DirAccess.open("res://.rl_studio/runs")
	return runs.get_directories().size() if runs != null else 0


func _end_run(what: String) -> void:
	_runs += 1
	await until(func() -> bool: return _run_count() == _runs, 20, what)
	await until(func() -> bool: return state_text() == "Finished", 20, "it has ended")
