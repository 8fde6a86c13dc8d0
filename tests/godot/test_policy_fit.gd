extends "test_case.gd"
## PolicyFit: what is wrong between a policy and an agent, with expected and found.

const RlPolicyFit := preload("res://addons/rl_studio/runtime/policy_fit.gd")
const RlSeenSpaces := preload("res://addons/rl_studio/runtime/seen_spaces.gd")

const MOVE: Dictionary = {"action_type": "continuous", "size": 2}
const GEAR: Dictionary = {"action_type": "discrete", "size": 3}


class Actor:
	extends RLAgent
	var sight: Variant = PackedFloat32Array([0.0, 0.0])
	var space: Dictionary = {"move": MOVE}

	func _get_observation() -> Variant:
		return sight

	func _get_action_space() -> Dictionary:
		return space


@warning_ignore("missing_tool")


class RlPlan:
	extends RLPolicy
	## Says that it takes and gives what the test wants.
	var inputs: Dictionary[String, int] = {"obs": 2}
	var outputs: Dictionary[String, int] = {"output": 2, "state_outs": 1}
	var memory: int = 0

	func is_valid() -> bool:
		return true

	func get_input_sizes() -> Dictionary[String, int]:
		return inputs

	func get_output_sizes() -> Dictionary[String, int]:
		return outputs

	func get_memory_size() -> int:
		return memory


func test_a_policy_that_fits_has_no_problems() -> void:
	expect_eq(_find_problems(RlPlan.new(), _add_actor()), "")
	var plan: RlPlan = RlPlan.new()
	plan.metadata = _metadata({"obs": [2]}, {"move": MOVE})
	expect_eq(_find_problems(plan, _add_actor()), "")


func test_a_missing_input() -> void:
	var plan: RlPlan = RlPlan.new()
	plan.inputs = {"obs": 2, "walls": 16}
	expect_eq(
		_find_problems(plan, _add_actor()),
		'the policy expects the observation "walls" (16 numbers); the agent gives "obs" (2 numbers)'
	)


func test_an_input_of_another_size() -> void:
	var plan: RlPlan = RlPlan.new()
	plan.inputs = {"obs": 5}
	expect_eq(
		_find_problems(plan, _add_actor()),
		'the policy expects 5 numbers for the observation "obs"; the agent gives 2 numbers'
	)


func test_an_observation_that_the_training_did_not_have() -> void:
	var actor: Actor = _add_actor()
	actor.sight = {"obs": [0.0, 0.0], "walls": [1.0]}
	var plan: RlPlan = RlPlan.new()
	expect_eq(_find_problems(plan, actor), "", "files of other tools leave out observations")
	plan.metadata = _metadata({"obs": [2]}, {"move": MOVE})
	expect_eq(
		_find_problems(plan, actor),
		'the agent gives the observation "walls" (1 number), which the policy was trained without'
	)


func test_pictures_have_sides() -> void:
	var actor: Actor = _add_actor()
	actor.sight = {"eye_2d": Image.create_empty(4, 2, false, Image.FORMAT_RGB8)}
	var plan: RlPlan = RlPlan.new()
	plan.inputs = {"eye_2d": 24}
	plan.metadata = _metadata({"eye_2d": [3, 2, 4]}, {"move": MOVE})
	expect_eq(_find_problems(plan, actor), "")
	actor.sight = {"eye_2d": Image.create_empty(2, 4, false, Image.FORMAT_RGB8)}
	var problems: String = _find_problems(plan, actor)
	expect_contains(problems, "expects a picture, 4 wide, 2 high, 3 channels")
	expect_contains(problems, "gives a picture, 2 wide, 4 high, 3 channels")


func test_other_actions() -> void:
	var actor: Actor = _add_actor()
	actor.space = {"gear": GEAR}
	expect_contains(
		_find_problems(RlPlan.new(), actor), "puts out 2 numbers, the actions gear need 3"
	)
	var plan: RlPlan = RlPlan.new()
	plan.metadata = _metadata({"obs": [2]}, {"move": MOVE})
	expect_eq(
		_find_problems(plan, actor),
		(
			'the policy was trained for the actions "move" (continuous, 2 numbers);'
			+ ' the agent has "gear" (discrete, 3 choices)'
		)
	)


func test_a_single_action_may_be_renamed_but_not_one_of_several() -> void:
	var actor: Actor = _add_actor()
	actor.space = {"thrust": MOVE}
	var plan: RlPlan = RlPlan.new()
	plan.metadata = _metadata({"obs": [2]}, {"move": MOVE})
	expect_eq(_find_problems(plan, actor), "")
	plan.outputs = {"output": 6}
	plan.metadata = _metadata({"obs": [2]}, {"a": GEAR, "b": GEAR})
	actor.space = {"a": GEAR, "c": GEAR}
	expect_contains(_find_problems(plan, actor), '"b" (discrete, 3 choices)')


func test_actions_of_json_have_sizes_with_a_point() -> void:
	var plan: RlPlan = RlPlan.new()
	var metadata: Variant = JSON.parse_string(
		JSON.stringify(_metadata({"obs": [2]}, {"move": MOVE}))
	)
	plan.metadata = metadata
	expect_eq(_find_problems(plan, _add_actor()), "")


func test_a_memory_must_come_back() -> void:
	var plan: RlPlan = RlPlan.new()
	plan.memory = 64
	expect_contains(_find_problems(plan, _add_actor()), "a memory of 64 numbers")
	plan.outputs["state_outs"] = 64
	expect_eq(_find_problems(plan, _add_actor()), "")


func test_without_an_output() -> void:
	var plan: RlPlan = RlPlan.new()
	plan.outputs = {"logits": 2}
	expect_contains(_find_problems(plan, _add_actor()), 'no output named "output"; it has logits')


func test_mistakes_of_the_agent_are_told_too() -> void:
	var actor: Actor = _add_actor()
	actor.sight = "blind"
	actor.space = {}
	var problems: String = _find_problems(RlPlan.new(), actor)
	expect_contains(problems, "_get_observation returned String")
	expect_contains(problems, "_get_action_space returned an empty Dictionary")


func test_what_a_game_notes_the_editor_finds() -> void:
	var scene: Node = Node.new()
	scene.scene_file_path = "res://arena.tscn"
	add_child(scene)
	var actor: Actor = _add_actor()
	actor.reparent(scene)
	actor.owner = scene
	actor.name = "Noted"
	DirAccess.remove_absolute(RlSeenSpaces.PATH)
	expect_null(RlSeenSpaces.find(actor))
	RlSeenSpaces.note(actor, {"obs": PackedInt32Array([7])}, {"gear": GEAR})
	var entry: RlSeenSpaces.RlEntry = RlSeenSpaces.find(actor)
	if expect_not_null(entry):
		expect_eq(entry.shapes["obs"], PackedInt32Array([7]))
		var problems: PackedStringArray = RlPolicyFit.find_input_problems(
			RlPlan.new(), entry.shapes
		)
		expect_contains("\n".join(problems), "the agent gives 7 numbers")
	actor.name = "Other"
	expect_null(RlSeenSpaces.find(actor))
	scene.free()


func _add_actor() -> Actor:
	var actor: Actor = Actor.new()
	add_child(actor)
	return actor


func _find_problems(policy: RLPolicy, agent: RLAgent) -> String:
	return "\n".join(RlPolicyFit.get_problems(policy, agent))


func _metadata(shapes: Dictionary, actions: Dictionary) -> Dictionary:
	var spaces: Dictionary = {}
	for key: String in shapes:
		spaces[key] = {"space": "box", "size": shapes[key]}
	return {"observation_space": spaces, "action_space": actions}
