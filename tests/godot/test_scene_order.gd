extends "test_case.gd"
## Which scene a policy is offered to be played in.

const RlSceneOrder := preload("res://addons/rl_studio/scenes/scene_order.gd")

const FOLDER: String = "user://scene_order"
const AGENT: String = "res://addons/rl_studio/runtime/rl_agent.gd"


func before_each() -> void:
	DirAccess.make_dir_recursive_absolute(FOLDER)
	_write("game.tscn", _scene({"Agent": ""}))
	_write("duo.tscn", _scene({"Left": "left", "Right": "right"}))
	_write("tag_train.tscn", _scene({"Agent": "cat"}))
	_write("tag_play.tscn", _scene({"Agent": "cat"}))
	_write("another_play.tscn", _scene({"Agent": "cat"}))


func after_each() -> void:
	for file: String in DirAccess.get_files_at(FOLDER):
		DirAccess.remove_absolute(FOLDER.path_join(file))


func test_the_trained_scene_is_offered_where_no_other_has_such_agents() -> void:
	expect_eq(
		_sort("shared_policy", "game.tscn")[0], "game.tscn", "the name that agents begin with"
	)
	expect_eq(_sort("left", "duo.tscn")[0], "duo.tscn")
	expect_eq(_sort("left", "game.tscn")[0], "duo.tscn", "names that fit are what counts")


func test_a_play_scene_is_offered_before_the_scene_it_was_trained_in() -> void:
	var best: PackedStringArray = _sort("cat", "tag_train.tscn").slice(0, 3)
	expect_eq(best, PackedStringArray(["tag_play.tscn", "tag_train.tscn", "another_play.tscn"]))
	best = _sort("cat", "tag_play.tscn").slice(0, 1)
	expect_eq(
		best, PackedStringArray(["tag_play.tscn"]), "no training scene instead of a play scene"
	)


func test_names_in_instanced_scenes_count() -> void:
	var inner: String = FOLDER.path_join("duo.tscn")
	_write(
		"outer.tscn",
		(
			'[gd_scene format=3]\n\n[ext_resource type="PackedScene" path="%s" id="1"]\n\n' % inner
			+ '[node name="Outer" type="Node"]\n\n[node name="Duo" parent="." instance=ExtResource("1")]\n'
		)
	)
	expect_eq(
		RlSceneOrder.new().names_in(FOLDER.path_join("outer.tscn")),
		PackedStringArray(["left", "right"])
	)


func _sort(policy: String, training_scene: String) -> PackedStringArray:
	var scenes: PackedStringArray = []
	for file: String in DirAccess.get_files_at(FOLDER):
		if file.ends_with(".tscn"):
			scenes.append(FOLDER.path_join(file))
	var trained: String = FOLDER.path_join(training_scene)
	var found: PackedStringArray = []
	for scene: String in RlSceneOrder.new().sort(scenes, [policy], trained, ""):
		found.append(scene.get_file())
	return found


func _scene(agents: Dictionary) -> String:
	var text: String = (
		'[gd_scene format=3]\n\n[ext_resource type="Script" path="%s" id="1"]\n' % AGENT
	)
	text += '\n[node name="Main" type="Node"]\n'
	for agent: String in agents:
		text += '\n[node name="%s" type="Node" parent="."]\nscript = ExtResource("1")\n' % agent
		if agents[agent] != "":
			text += 'policy_name = "%s"\n' % agents[agent]
	return text


func _write(file: String, text: String) -> void:
	FileAccess.open(FOLDER.path_join(file), FileAccess.WRITE).store_string(text)
