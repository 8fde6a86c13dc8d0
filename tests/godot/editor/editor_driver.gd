extends SceneTree
## Base of scripts that use the editor as a user would: real mouse and key events on real docks.
##
##     godot [--headless] -e --path PROJECT -s …/drive_x.gd
##
## with RL_STUDIO_EDITOR_TEST=1. Override [method _drive]. Prints "ok" or "FAIL …"; the exit code
## is 1 if an expectation failed. Named arguments come in the environment: RL_STUDIO_TEST_<NAME>.

const START_TIMEOUT_S: float = 60.0

var failures: PackedStringArray = []
var train: Control
var metrics: Control
var export: Control


func _initialize() -> void:
	_run.call_deferred()


## Override: what the user does. May await.
func _drive() -> void:
	pass


func _run() -> void:
	if DisplayServer.get_name() == "headless":
		root.size = Vector2i(1600, 900)
	await until(_has_docks, START_TIMEOUT_S, "the docks are there")
	if failures.is_empty():
		await until(
			func() -> bool: return not EditorInterface.get_resource_filesystem().is_scanning(),
			START_TIMEOUT_S,
			"the first scan is done"
		)
		await pause(0.5)
		await _drive()
	print("ok" if failures.is_empty() else "FAIL")
	quit(0 if failures.is_empty() else 1)


## Notes a failure if [param condition] does not hold.
func expect(condition: bool, what: String) -> bool:
	if not condition:
		failures.append(what)
		print("FAIL  %s" % what)
	return condition


## Waits until [param condition] gives true.
func until(condition: Callable, timeout_s: float, what: String) -> bool:
	var deadline: int = Time.get_ticks_msec() + roundi(timeout_s * 1000.0)
	while Time.get_ticks_msec() < deadline:
		if condition.call():
			print("done  %s" % what)
			return true
		await process_frame
	return expect(false, "not within %d s: %s" % [roundi(timeout_s), what])


## Lets the editor go on for [param seconds], to settle its layout.
func pause(seconds: float) -> void:
	await create_timer(seconds).timeout


## A named argument of the test.
func argument(name: String) -> String:
	return OS.get_environment("RL_STUDIO_TEST_" + name)


## Turns to the dock of [param content].
func open_dock(content: Control) -> void:
	content.get_parent().call(&"make_visible")
	await pause(0.3)


## The control with the unique name [param unique] below [param dock], in a scene within, too.
func find(dock: Control, unique: String) -> Control:
	return dock.find_child(unique, true, false) as Control


## A click with the left button on the middle of [param control].
func click(control: Control) -> void:
	var scroll: ScrollContainer = _scroll_of(control)
	if scroll != null:
		scroll.ensure_control_visible(control)
		await process_frame
		await process_frame
	var at: Vector2 = control.get_global_rect().get_center()
	var motion: InputEventMouseMotion = InputEventMouseMotion.new()
	motion.position = at
	motion.global_position = at
	control.get_viewport().push_input(motion, true)
	for pressed: bool in [true, false]:
		var event: InputEventMouseButton = InputEventMouseButton.new()
		event.button_index = MOUSE_BUTTON_LEFT
		event.button_mask = MOUSE_BUTTON_MASK_LEFT if pressed else 0
		event.pressed = pressed
		event.position = at
		event.global_position = at
		control.get_viewport().push_input(event, true)
		await process_frame


## Moves the mouse to [param share] (0 to 1) of [param control]'s box.
func hover(control: Control, share: Vector2) -> void:
	var motion: InputEventMouseMotion = InputEventMouseMotion.new()
	motion.position = control.get_global_rect().position + control.size * share
	motion.global_position = motion.position
	control.get_viewport().push_input(motion, true)
	await process_frame


## Types [param text] into the line of [param editor] and presses Enter.
func type(editor: LineEdit, text: String) -> void:
	await click(editor)
	editor.select_all()
	for letter: String in text:
		_press(editor, 0, letter.unicode_at(0))
	_press(editor, KEY_ENTER, 0)
	await process_frame


## The button with the unique name [param unique] of the Train dock.
func button(unique: String) -> Button:
	return find(train, unique) as Button


## The button with the unique name [param unique] below [param dock].
func button_of(dock: Control, unique: String) -> Button:
	return find(dock, unique) as Button


## What all visible labels below [param control] say.
func text_of(control: Control) -> String:
	var texts: PackedStringArray = []
	for label: Label in control.find_children("*", "Label", true, false):
		if label.visible:
			texts.append(label.text)
	return "\n".join(texts)


## Makes [param file] in each run below [param runs]: the trainer goes on, see fake_trainer.py.
func touch(runs: String, file: String) -> void:
	for run: String in DirAccess.get_directories_at(runs):
		FileAccess.open(runs.path_join(run).path_join(file), FileAccess.WRITE).close()


## The state of the run in the Train dock, "" while none is shown.
func state_text() -> String:
	return (find(train, "State") as Label).text if find(train, "RunPanel").visible else ""


## How many points the reward chart has.
func points() -> int:
	var chart: Control = find(metrics, "EpisodeRewardMean")
	var count: int = chart.call(&"get_point_count")
	return count


## The row of the form for the field [param key].
func form_row(key: String) -> Control:
	return find(find(train, "Form"), key.to_pascal_case())


## The text line in the row of the form for [param key].
func form_line(key: String) -> LineEdit:
	var lines: Array[Node] = form_row(key).find_children("*", "LineEdit", true, false)
	if lines.is_empty():
		var spins: Array[Node] = form_row(key).find_children("*", "SpinBox", true, false)
		return (spins[0] as SpinBox).get_line_edit()
	return lines[0] as LineEdit


## The message of an error box, "" while it is hidden.
func error_text(dock: Control, box: String) -> String:
	var shown: Control = find(dock, box)
	if not shown.visible:
		return ""
	var parts: PackedStringArray = []
	for label: String in ["Message", "Hint", "Lines"]:
		parts.append((find(shown, label) as Label).text)
	return "\n".join(parts)


## Saves what is on the screen, or only [param control]; does nothing in a headless editor.
func snap(path: String, control: Control = null) -> void:
	if DisplayServer.get_name() == "headless":
		return
	await pause(0.3)
	train.queue_redraw()  # an editor at rest draws nothing
	metrics.queue_redraw()
	export.queue_redraw()
	await RenderingServer.frame_post_draw
	var image: Image = root.get_texture().get_image()
	if control != null:
		image = image.get_region(Rect2i(control.get_global_rect()))
	expect(image.save_png(path) == OK, "saved %s" % path)


func _press(control: Control, key: Key, unicode: int) -> void:
	for pressed: bool in [true, false]:
		var event: InputEventKey = InputEventKey.new()
		event.keycode = key
		event.unicode = unicode
		event.pressed = pressed
		control.get_viewport().push_input(event, true)


func _scroll_of(control: Control) -> ScrollContainer:
	var parent: Node = control.get_parent()
	while parent != null and not parent is ScrollContainer:
		parent = parent.get_parent()
	return parent as ScrollContainer


func _has_docks() -> bool:
	train = _find_content("rl_studio_train")
	metrics = _find_content("rl_studio_metrics")
	export = _find_content("rl_studio_export")
	return train != null and metrics != null and export != null


func _find_content(dock_name: String) -> Control:
	var dock: Node = root.find_child(dock_name, true, false)
	return dock.get_child(0) as Control if dock != null and dock.get_child_count() > 0 else null
