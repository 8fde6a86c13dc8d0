extends "editor_driver.gd"
## Makes the pictures of the documentation, see tests/screenshots.py.

const SCENE: String = "res://scenes/train.tscn"
## A little more room for our docks than the editor's default gives them.
const DOCK_WIDTH: float = 270.0
const WHEEL_STEPS: int = 20
## Where over the view: the wheel zooms around this point, and the scene's origin begins top left.
const WHEEL_AT: Vector2 = Vector2(0.54, 0.545)


func _drive() -> void:
	EditorInterface.open_scene_from_path(SCENE)
	EditorInterface.set_main_screen_editor("2D")
	train.custom_minimum_size.x = DOCK_WIDTH
	await open_dock(metrics)
	await open_dock(train)
	EditorInterface.edit_node(EditorInterface.get_edited_scene_root().get_node(^"RLSync"))
	await _zoom_out(WHEEL_STEPS)
	await open_dock(metrics)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "connected")
	await click(find(train, "Train"))
	var progress: ProgressBar = find(train, "Progress") as ProgressBar
	await until(func() -> bool: return progress.value >= 50.0, 150, "half of the training is done")
	await hover(find(metrics, "EpisodeRewardMean"), Vector2(0.8, 0.6))
	await snap(argument("OUTPUT").path_join("train.png"))
	await hover(train, Vector2(0.5, 0.95))
	await click(find(train, "Stop"))
	await until(func() -> bool: return state_text() in ["Stopped", "Finished"], 60, "stopped")
	await open_dock(export)
	await pause(1.0)
	await click(find(export, "Start"))
	var assign: Button = find(export, "Assign") as Button
	await until(func() -> bool: return not assign.disabled, 90, "exported")
	await click(find(export, "Show"))
	await snap(argument("OUTPUT").path_join("export.png"))


## Turns the mouse wheel over the 2D view until all of the scene is in it.
func _zoom_out(steps: int) -> void:
	var view: Control = EditorInterface.get_editor_viewport_2d().get_parent()
	for _step: int in steps:
		for pressed: bool in [true, false]:
			var wheel: InputEventMouseButton = InputEventMouseButton.new()
			wheel.button_index = MOUSE_BUTTON_WHEEL_DOWN
			wheel.pressed = pressed
			wheel.factor = 1.0
			wheel.position = view.get_global_rect().position + view.size * WHEEL_AT
			wheel.global_position = wheel.position
			root.push_input(wheel, true)
		await process_frame
