extends "editor_driver.gd"
## A run of two policies is exported: choices, cancelling, the proof, assigning to agents of the
## open scene and taking that back, the inspector, playing, and exporting anew in place.

const RUNS: String = "res://.rl_studio/runs"
const EVADER: String = "res://policies/evader.onnx"
const PURSUER: String = "res://policies/pursuer.onnx"
const ARENA: String = "res://scenes/tag_arena.tscn"
## What agents of played scenes have told.
const SEEN: String = "res://.godot/rl_studio_agents.json"
const PLAY: String = "res://scenes/tag_play.tscn"


func _drive() -> void:
	await open_dock(train)
	await click(find(train, "Connect"))
	await until(func() -> bool: return find(train, "Form").visible, 40, "the form is there")
	await click(find(train, "Train"))
	await until(func() -> bool: return state_text() == "Finished", 30, "finished")
	await open_dock(export)
	await _choose()
	await _cancel()
	await _export()
	await _assign()
	await _look_at_the_inspector()
	await _export_again()
	await _play()


func _choose() -> void:
	var list: Tree = find(export, "Checkpoints") as Tree
	await until(func() -> bool: return list.visible, 10, "the checkpoints are there")
	expect(list.get_selected() == list.get_root().get_child(1), "the best one is chosen")
	expect(_line().text == "res://policies/{policy}.onnx", "a file for each: %s" % _line().text)
	await click(_check("pursuer"))
	expect(_line().text == EVADER, "one file: %s" % _line().text)
	await click(_check("pursuer"))
	await type(_line(), "res://policies/both.onnx")
	expect(button_of(export, "Start").disabled, "two policies do not go into one file")
	expect("{policy}" in _hint(), "and it is said: %s" % _hint())
	await type(_line(), "res://policies/{policy}.onnx")
	expect(not button_of(export, "Start").disabled and _hint() == "", "all is well: %s" % _hint())


func _cancel() -> void:
	await click(find(export, "Start"))
	await until(
		func() -> bool: return "pursuer: loading" in _message(), 20, "it says what it is doing"
	)
	await click(find(export, "Cancel"))
	await until(func() -> bool: return _message().begins_with("Cancelled"), 10, "cancelled")
	expect(not FileAccess.file_exists(EVADER), "nothing was written")
	expect(error_text(export, "Error") == "", "and that is no error")
	touch(RUNS, "go")


func _export() -> void:
	await click(find(export, "Start"))
	await until(func() -> bool: return find(export, "Card").visible, 30, "exported")
	var proof: String = (find(export, "Proof") as Label).text
	expect("Verified: PyTorch, ONNX Runtime and Godot 4.6.3 agree within 5e-7" in proof, proof)
	expect("All 2560 chosen actions are the same" in proof, proof)
	await until(_has_imported, 20, "imported")
	expect("Replaces evader.onnx, pursuer.onnx" in _hint(), "the next export replaces them")


func _assign() -> void:
	EditorInterface.open_scene_from_path(PLAY)
	await until(_is_open.bind(PLAY), 10, "the play scene is open")
	await click(find(export, "Assign"))
	var dialog: ConfirmationDialog = root.find_child("AssignDialog", true, false)
	await until(func() -> bool: return dialog.visible, 5, "the dialog is there")
	var elsewhere: Control = dialog.find_child("Elsewhere", true, false)
	expect("3 of them belong to tag_arena" in text_of(elsewhere), text_of(elsewhere))
	expect(dialog.get_ok_button().disabled, "nothing to assign to in the play scene")
	(elsewhere.get_child(1) as Button).pressed.emit()
	await until(_is_open.bind(ARENA), 10, "the arena is open")
	var rows: Control = dialog.find_child("Rows", true, false)
	await until(func() -> bool: return rows.get_child_count() == 3, 5, "with its three agents")
	expect("is not known yet" in text_of(rows), "it does not know yet")
	(dialog.find_child("Check", true, false) as Button).pressed.emit()
	await until(func() -> bool: return "The policy fits." in text_of(rows), 20, "asked the agents")
	var told: String = text_of(rows.get_child(1) as Control)
	expect("the policy expects 9 numbers" in told and "gives 23 numbers" in told, told)
	expect(dialog.ok_button_text == "Assign", "only one of them fits")
	dialog.get_ok_button().pressed.emit()
	await until(func() -> bool: return _policy_of("Evader") != null, 5, "assigned")
	expect(_policy_of("Pursuer1") == null, "but not to the others")
	expect("Assigned to 1 node of tag_arena.tscn" in _done(), "told: %s" % _done())
	var scene: Node = EditorInterface.get_edited_scene_root()
	var changes: EditorUndoRedoManager = EditorInterface.get_editor_undo_redo()
	var history: UndoRedo = changes.get_history_undo_redo(changes.get_object_history_id(scene))
	history.undo()
	expect(_policy_of("Evader") == null, "taken back")
	history.redo()
	expect(_policy_of("Evader").resource_path == EVADER, "and done again")


func _look_at_the_inspector() -> void:
	EditorInterface.edit_node(_agent("Evader"))
	await until(func() -> bool: return _note("Good") != "", 5, "the note says that it fits")
	_agent("Pursuer1").set(&"policy", load(PURSUER))
	EditorInterface.edit_node(_agent("Pursuer1"))
	await until(
		func() -> bool: return "expects 9 numbers" in _note("Bad"), 5, "or that it does not"
	)
	_agent("Pursuer1").set(&"policy", null)
	await until(_has_measured.bind(load(EVADER)), 10, "measured")
	expect(_fact("Policy") == "evader", "whose it is: %s" % _fact("Policy"))
	expect(_fact("Inputs") == "obs: 23 numbers", _fact("Inputs"))
	expect(_fact("Actions").begins_with("thrust: 2 continuous"), _fact("Actions"))
	expect(_fact("Parameters") == "418", "parameters: %s" % _fact("Parameters"))
	expect("Gemm" in _fact("Operators") and "Tanh" in _fact("Operators"), _fact("Operators"))
	expect(_fact("Size").ends_with("kB"), _fact("Size"))
	expect("agree within 5e-7" in _fact("Text"), _fact("Text"))


func _export_again() -> void:
	var policy: Resource = load(EVADER)
	var before: String = policy.get(&"source_checksum")
	expect(_fact("Trained") == "200 steps", _fact("Trained"))
	await click(_check("pursuer"))
	var list: Tree = find(export, "Checkpoints") as Tree
	list.get_root().get_child(0).select(0)
	expect(_line().text == EVADER, "the newest one of one policy: %s" % _line().text)
	await click(find(export, "Start"))
	await until(func() -> bool: return not _has_imported(), 10, "it begins")
	await until(_has_imported, 30, "exported again")
	var after: String = policy.get(&"source_checksum")
	expect(after != before, "the policy is another one, in place")
	expect(_policy_of("Evader") == policy, "and the agent has it")
	expect(_fact("Trained") == "300 steps", "the inspector shows it: %s" % _fact("Trained"))


func _play() -> void:
	var scenes: OptionButton = find(export, "PlayScenes") as OptionButton
	expect(scenes.text == "tag_play.tscn", "the likeliest scene: %s" % scenes.text)
	ProjectSettings.set_setting("editor/run/main_run_args", "--headless")
	await process_frame
	await process_frame  # the editor reads it late
	for file: String in [PURSUER, PURSUER + ".import", SEEN]:
		DirAccess.remove_absolute(file)
	await click(find(export, "Play"))
	expect(EditorInterface.get_playing_scene() == PLAY, EditorInterface.get_playing_scene())
	expect(_done() == "Started tag_play.tscn with what was exported.", _done())
	await until(func() -> bool: return FileAccess.file_exists(SEEN), 20, "the policy decides")
	EditorInterface.stop_playing_scene()
	await until(func() -> bool: return not EditorInterface.is_playing_scene(), 5, "ended")
	var wrong: Dictionary[String, String] = {"nobody": EVADER}
	export.emit_signal(&"play_requested", PLAY, wrong)
	await until(func() -> bool: return "plays nobody" in _done(), 60, "what is wrong is told")
	expect(_done().begins_with("Started tag_play.tscn, but: no agent here"), _done())
	EditorInterface.stop_playing_scene()
	await until(func() -> bool: return not EditorInterface.is_playing_scene(), 5, "ended, too")
	DirAccess.remove_absolute(EVADER)
	await click(find(export, "Play"))
	expect(_done() == "res://policies/evader.onnx is gone: export it again.", _done())
	expect(not EditorInterface.is_playing_scene(), "nothing plays")


func _line() -> LineEdit:
	return find(export, "Path") as LineEdit


func _check(policy: String) -> CheckBox:
	for check: CheckBox in find(export, "Policies").get_children():
		if check.text == policy:
			return check
	return null


func _hint() -> String:
	var hint: Control = find(export, "PathHint")
	return text_of(hint) if hint.visible else ""


func _done() -> String:
	return (find(export, "Done") as Label).text


func _message() -> String:
	return (find(export, "Message") as Label).text


func _has_imported() -> bool:
	return find(export, "Card").visible and not button_of(export, "Assign").disabled


func _is_open(scene: String) -> bool:
	var open: Node = EditorInterface.get_edited_scene_root()
	return open != null and open.scene_file_path == scene


func _agent(body: String) -> Node:
	return EditorInterface.get_edited_scene_root().get_node("%s/Agent" % body)


func _policy_of(body: String) -> Resource:
	var policy: Resource = _agent(body).get(&"policy")
	return policy


## What the inspector's note about an agent says.
func _note(part: String) -> String:
	var note: Node = EditorInterface.get_inspector().find_child("RLFitNote", true, false)
	var line: Control = note.find_child(part, false, false) if note != null else null
	return text_of(line) if line != null and line.visible else ""


## Opens [param policy] in the inspector, again if the selected node takes its place late.
func _has_measured(policy: Resource) -> bool:
	if EditorInterface.get_inspector().get_edited_object() != policy:
		EditorInterface.edit_resource(policy)
	return "µs a decision" in _fact("SpeedHere")


## What the inspector's card about a policy says.
func _fact(row: String) -> String:
	var card: Node = EditorInterface.get_inspector().find_child("RLPolicyCard", true, false)
	var label: Label = card.find_child(row, true, false) if card != null else null
	return label.text if label != null else ""
