extends "test_case.gd"
## From the numbers of a network to actions: the best ones.

const RlActionDecoder := preload("res://addons/rl_studio/runtime/policy/action_decoder.gd")

const MOVE: Dictionary = {"action_type": "continuous", "size": 2}
const JUMP: Dictionary = {"action_type": "discrete", "size": 2}
const GEAR: Dictionary = {"action_type": "discrete", "size": 3}


func test_means_only_are_clamped() -> void:
	var actions: Dictionary = _decode([0.25, -3.0], {"move": MOVE})
	_expect_action(actions, "move", [0.25, -1.0])


func test_log_standard_deviations_are_skipped() -> void:
	var actions: Dictionary = _decode([0.5, 3.0, 9.0, 9.0], {"move": MOVE})
	_expect_action(actions, "move", [0.5, 1.0])
	var both: Dictionary = {"aim": {"action_type": "continuous", "size": 1}, "move": MOVE}
	actions = _decode([0.1, 9.0, 0.2, 0.3, 9.0, 9.0], both)
	_expect_action(actions, "aim", [0.1])
	_expect_action(actions, "move", [0.2, 0.3])


func test_several_continuous_actions_from_means_only() -> void:
	var both: Dictionary = {"aim": {"action_type": "continuous", "size": 1}, "move": MOVE}
	var actions: Dictionary = _decode([0.1, 0.2, 0.3], both)
	_expect_action(actions, "aim", [0.1])
	_expect_action(actions, "move", [0.2, 0.3])


func test_discrete_actions_are_the_best_choice() -> void:
	var actions: Dictionary = _decode([0.1, 5.0, -1.0, 2.0, 1.0], {"gear": GEAR, "jump": JUMP})
	expect_eq(actions["gear"], 1)
	expect_eq(actions["jump"], 0)


func test_first_of_equal_choices_wins() -> void:
	expect_eq(_decode([1.0, 1.0, 1.0], {"gear": GEAR})["gear"], 0)


func test_mixed_actions_have_log_standard_deviations() -> void:
	var actions: Dictionary = _decode([-0.5, 0.5, 9.0, 9.0, 0.0, 1.0], {"jump": JUMP, "aim": MOVE})
	_expect_action(actions, "aim", [-0.5, 0.5])
	expect_eq(actions["jump"], 1)


func test_names_are_in_the_order_of_the_wire_whatever_was_declared() -> void:
	var actions: Dictionary = _decode([0.0, 1.0, 0.0, 0.0, 7.0], {"jump": JUMP, "gear": GEAR})
	expect_eq(actions["gear"], 1)
	expect_eq(actions["jump"], 1)


func test_order_of_the_training_counts_if_it_is_known() -> void:
	var policy: RLPolicy = RLPolicy.new()
	policy.metadata = {"action_space": {"jump": JUMP, "gear": GEAR}}
	var output: PackedFloat32Array = [0.0, 1.0, 0.0, 0.0, 7.0]
	var actions: Dictionary = policy.decode_action(output, {"gear": GEAR, "jump": JUMP})
	expect_eq(actions["jump"], 1)
	expect_eq(actions["gear"], 2)


func test_order_of_a_training_with_other_actions_does_not_count() -> void:
	var policy: RLPolicy = RLPolicy.new()
	policy.metadata = {"action_space": {"jump": JUMP, "aim": MOVE}}
	var output: PackedFloat32Array = [0.0, 1.0, 0.0, 0.0, 7.0]
	expect_eq(policy.decode_action(output, {"jump": JUMP, "gear": GEAR})["gear"], 1)


func test_sizes_may_be_numbers_from_json() -> void:
	var space: Dictionary = JSON.parse_string('{"gear": {"action_type": "discrete", "size": 3}}')
	expect_eq(_decode([0.0, 0.0, 1.0], space)["gear"], 2)


func test_wrong_width_gives_nothing() -> void:
	expect_true(_decode([1.0, 2.0, 3.0], {"move": MOVE}).is_empty())
	expect_true(_decode([1.0, 2.0, 3.0, 4.0], {"move": MOVE, "jump": JUMP}).is_empty())
	expect_true(_decode([], {"jump": JUMP}).is_empty())


func test_unknown_type_gives_nothing() -> void:
	expect_true(_decode([1.0], {"x": {"action_type": "other", "size": 1}}).is_empty())


func test_masked_choices_are_never_taken() -> void:
	var space: Dictionary = {"gear": GEAR, "jump": JUMP}
	var decoder: RlActionDecoder = RlActionDecoder.new(space, {}, 5)
	var output: PackedFloat32Array = [9.0, 5.0, -1.0, 2.0, 1.0]
	# Bytes are in alphabetical order: three gears, two jumps.
	var allowed: PackedByteArray = [0, 0, 1, 0, 1]
	expect_eq(decoder.decode(output, 0, allowed), {"gear": 2, "jump": 1})


func test_masks_are_alphabetical_whatever_the_order_of_the_training() -> void:
	var metadata: Dictionary = {"action_space": {"jump": JUMP, "gear": GEAR}}
	var decoder: RlActionDecoder = RlActionDecoder.new({"gear": GEAR, "jump": JUMP}, metadata, 5)
	var output: PackedFloat32Array = [9.0, 1.0, 9.0, 1.0, 0.0]
	var allowed: PackedByteArray = [0, 1, 1, 0, 1]
	expect_eq(decoder.decode(output, 0, allowed), {"jump": 1, "gear": 1})


func test_rows_of_many_agents() -> void:
	var decoder: RlActionDecoder = RlActionDecoder.new({"move": MOVE, "jump": JUMP}, {}, 6)
	var output: PackedFloat32Array = range(18).map(func(place: int) -> float: return place / 100.0)
	var action: Dictionary = decoder.decode(output, 2)
	expect_eq(action["jump"], 1)
	_expect_action(action, "move", [0.14, 0.15])


func test_nan_is_zero_or_the_first_choice_allowed_and_is_told() -> void:
	var decoder: RlActionDecoder = RlActionDecoder.new({"aim": MOVE, "jump": JUMP}, {}, 6)
	var action: Dictionary = decoder.decode([NAN, 0.5, 0.0, 0.0, NAN, NAN], 0, [0, 1])
	_expect_action(action, "aim", [0.0, 0.5])
	expect_eq(action["jump"], 1)
	expect_true(decoder.found_nan)
	decoder.decode([0.0, 0.5, 0.0, 0.0, 1.0, 2.0])
	expect_false(decoder.found_nan)


func _decode(output: PackedFloat32Array, action_space: Dictionary) -> Dictionary:
	return RLPolicy.new().decode_action(output, action_space)


func _expect_action(actions: Dictionary, action: String, expected: Array) -> void:
	var means: PackedFloat32Array = actions[action]
	expect_all_near(Array(means), expected)
