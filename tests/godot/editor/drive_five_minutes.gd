extends "editor_driver.gd"
## docs/five-minutes.md, step by step, as a user would do it: from a project with nothing but the
## addon and an empty home to a policy that plays. Takes the pictures of the page.
##
## Arguments: SCRIPTS (folder with the scripts of the page), PICTURES (folder, or ""), CANCEL (what
## the progress says when the set-up is cancelled and pressed again, or "").

const SCENE: String = "res://game.tscn"
const POLICY: String = "res://policies/shared_policy.onnx"
## What agents of played scenes have told.
const SEEN: String = "res://.godot/rl_studio_agents.json"

var _is_enabled: bool = false


func _drive() -> void:
	await open_dock(metrics)
	await open_dock(train)
	var steps: Array[Callable] = [_set_up, _make_the_game, _write_the_agent, _train_it]
	steps.append_array([_export, _assign, _play])
	for step: Callable in steps:
		if failures.is_empty():
			await step.call()


func _has_docks() -> bool:
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	if not _is_enabled and files != null and files.get_filesystem() != null:
		if not files.is_scanning():
			_is_enabled = true
			EditorInterface.set_plugin_enabled("rl_studio", true)
	return super()


func _set_up() -> void:
	expect(find(train, "SetupBody").visible, "Set up is shown where there is no backend")
	await until(func() -> bool: return not button("SetUp").disabled, 60, "Pythons were looked for")
	await _picture("1-set-up")
	if argument("CANCEL") != "":
		await _cancel_at(argument("CANCEL"))
	await click(find(train, "SetUp"))
	await until(func() -> bool: return not button("SetupCancel").visible, 400, "it came to its end")
	expect(not find(train, "SetupProblem").visible, (find(train, "SetupProblem") as Label).text)
	await until(_is_connected, 60, "connected")


func _cancel_at(text: String) -> void:
	await click(find(train, "SetUp"))
	var progress: Label = find(train, "SetupProgress")
	await until(func() -> bool: return text in progress.text, 120, "it is at: " + text)
	await click(find(train, "SetupCancel"))
	await until(func() -> bool: return button("SetUp").visible, 30, "it was cancelled")
	var status: Label = find(train, "SetupStatus")
	expect("goes on from there" in status.text, "it tells what is left: " + status.text)


func _make_the_game() -> void:
	_write_script("cat.gd")
	EditorInterface.get_resource_filesystem().scan()
	await until(
		func() -> bool: return not EditorInterface.get_resource_filesystem().is_scanning(),
		20,
		"seen"
	)
	var game: Node2D = Node2D.new()
	game.name = "Game"
	for title: String in ["Mouse", "Cat"]:
		var sprite: Sprite2D = Sprite2D.new()
		sprite.name = title
		sprite.texture = load("res://icon.svg")
		sprite.scale = Vector2.ONE * (0.5 if title == "Cat" else 0.25)
		sprite.position = Vector2(300, 300) if title == "Cat" else Vector2(800, 200)
		game.add_child(sprite)
		sprite.owner = game
	game.get_node("Cat").set_script(load("res://cat.gd"))
	var packed: PackedScene = PackedScene.new()
	packed.pack(game)
	ResourceSaver.save(packed, SCENE)
	game.free()
	EditorInterface.set_main_screen_editor("2D")
	EditorInterface.open_scene_from_path(SCENE)
	await until(func() -> bool: return _root() != null, 20, "the scene is open")


func _write_the_agent() -> void:
	EditorInterface.get_selection().clear()
	EditorInterface.get_selection().add_node(_root().get_node("Cat"))
	await click(find(train, "NewAgent"))
	var dialog: ConfirmationDialog = root.find_child("RLAgentDialog", true, false)
	await until(func() -> bool: return dialog.visible, 5, "the dialog is open")
	await _picture("2-new-agent")
	dialog.get_ok_button().pressed.emit()
	await until(func() -> bool: return _root().has_node("Cat/Agent"), 5, "the cat has an agent")
	EditorInterface.set_main_screen_editor("Script")
	var editor: ScriptEditorBase = EditorInterface.get_script_editor().get_current_editor()
	await until(func() -> bool: return editor.is_visible_in_tree(), 5, "its script is open")
	var code: CodeEdit = editor.get_base_editor()
	expect("walks to a spot" in code.text, "it is the template")
	code.select_all()
	code.insert_text_at_caret(_page_script("cat_agent.gd"))
	_root().get_node("Cat/Agent").set(&"max_episode_steps", 100)
	EditorInterface.mark_scene_as_unsaved()
	EditorInterface.set_main_screen_editor("2D")


func _train_it() -> void:
	await until(func() -> bool: return find(train, "Form").visible, 40, "the form is there")
	await click(find(train, "Train"))
	await until(_finding.bind("NoScene"), 5, "the project has no main scene")
	await click(_finding("NoScene").find_child("Mend", true, false) as Control)
	await until(_finding.bind("NoSync"), 5, "it finds that there is no RLSync")
	await _picture("3-look")
	await click(_finding("NoSync").find_child("Mend", true, false) as Control)
	await until(func() -> bool: return _root().has_node("RLSync"), 5, "now there is one")
	await until(func() -> bool: return not button("Train").disabled, 20, "it can be trained")
	await click(find(train, "Train"))
	await until(func() -> bool: return points() >= 4, 180, "there is a curve")
	await until(func() -> bool: return _success() >= 95 and points() >= 50, 400, "it is learned")
	await _picture("4-curves")
	await click(find(train, "Stop"))
	await until(func() -> bool: return state_text() == "Stopped", 60, "it has stopped")


func _export() -> void:
	await open_dock(export)
	await until(func() -> bool: return not button_of(export, "Start").disabled, 30, "it can begin")
	expect(
		(find(export, "Path") as LineEdit).text == POLICY, (find(export, "Path") as LineEdit).text
	)
	expect(not DirAccess.dir_exists_absolute("res://policies"), "the folder does not exist")
	await click(find(export, "Start"))
	await until(_can_be_assigned, 120, "the policy is there")
	await _picture("5-export")


func _assign() -> void:
	await click(find(export, "Assign"))
	var dialog: ConfirmationDialog = root.find_child("AssignDialog", true, false)
	await until(func() -> bool: return dialog.visible, 5, "the dialog is open")
	dialog.get_ok_button().pressed.emit()
	await until(func() -> bool: return _has_policy(), 10, "it has the policy")
	EditorInterface.edit_node(_root().get_node("Cat/Agent"))
	await _picture("6-assigned")
	EditorInterface.save_scene()


func _play() -> void:
	ProjectSettings.set_setting("editor/run/main_run_args", "--headless")
	await process_frame
	await process_frame  # the editor reads it late
	DirAccess.remove_absolute(SEEN)
	EditorInterface.play_custom_scene(SCENE)
	await until(func() -> bool: return FileAccess.file_exists(SEEN), 30, "the policy decides")
	EditorInterface.stop_playing_scene()


func _success() -> int:
	return (find(train, "Success") as Label).text.to_int()


func _root() -> Node:
	return EditorInterface.get_edited_scene_root()


func _finding(code: String) -> Control:
	return find(find(train, "Findings"), code) if find(train, "Findings").visible else null


func _can_be_assigned() -> bool:
	return find(export, "Card").visible and not button_of(export, "Assign").disabled


func _has_policy() -> bool:
	for node: String in ["Cat/Agent", "RLSync"]:
		var policy: Resource = _root().get_node(node).get(&"policy")
		if policy != null and policy.resource_path == POLICY:
			return true
	return false


func _is_connected() -> bool:
	return (find(train, "Text") as Label).text == "Connected"


func _page_script(file: String) -> String:
	return FileAccess.get_file_as_string(argument("SCRIPTS").path_join(file))


func _write_script(file: String) -> void:
	var target: FileAccess = FileAccess.open("res://" + file, FileAccess.WRITE)
	target.store_string(_page_script(file))
	target.close()


func _picture(name: String) -> void:
	if argument("PICTURES") != "":
		await snap(argument("PICTURES").path_join(name + ".png"))
