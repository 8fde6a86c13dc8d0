extends "screenshots.gd"
## Makes the pictures of several policies and of the inspector, see tests/screenshots.py. The
## project has the policy of the pictures before.

const ARENA: String = "res://scenes/tag_arena.tscn"
const FOREIGN: String = "res://policies/chase.onnx"
const PURSUER: String = "res://policies/pursuer.onnx"
const ARENA_WHEEL_STEPS: int = 5
const INSPECTOR_WIDTH: float = 330.0


func _drive() -> void:
	EditorInterface.open_scene_from_path(ARENA)
	EditorInterface.set_main_screen_editor("2D")
	export.custom_minimum_size.x = DOCK_WIDTH
	await open_dock(train)
	await _zoom_out(ARENA_WHEEL_STEPS)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "connected")
	await click(find(train, "Train"))
	await until(func() -> bool: return state_text() == "Finished", 200, "trained")
	await open_dock(export)
	await pause(1.0)
	await click(find(export, "Start"))
	var assign: Button = find(export, "Assign") as Button
	await until(func() -> bool: return not assign.disabled, 90, "exported")
	await _snap_dialog()
	await _snap_inspector()


## With an agent in the inspector that has the policy of another game.
func _snap_dialog() -> void:
	var agent: Node = EditorInterface.get_edited_scene_root().get_node(^"Pursuer1/Agent")
	agent.set(&"policy", load(FOREIGN))
	EditorInterface.edit_node(agent)
	await pause(0.5)
	await click(find(export, "Assign"))
	await pause(0.5)
	await snap(argument("OUTPUT").path_join("policies.png"))
	var dialog: ConfirmationDialog = root.find_child("AssignDialog", true, false)
	dialog.get_ok_button().pressed.emit()
	await pause(0.5)


func _snap_inspector() -> void:
	var inspector: EditorInspector = EditorInterface.get_inspector()
	var dock: Control = inspector.get_parent()
	dock.custom_minimum_size.x = INSPECTOR_WIDTH
	EditorInterface.edit_resource(load(PURSUER))
	await until(func() -> bool: return _has_measured(inspector), 10, "measured")
	await snap(argument("OUTPUT").path_join("inspector.png"), dock)


func _has_measured(inspector: EditorInspector) -> bool:
	var speed: Label = inspector.find_child("SpeedHere", true, false) as Label
	return speed != null and "µs" in speed.text
