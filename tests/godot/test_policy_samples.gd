extends "test_case.gd"
## Actions drawn at random, as in training.

const RlActionDecoder := preload("res://addons/rl_studio/runtime/policy/action_decoder.gd")
const DRAWS: int = 2000

const MOVE: Dictionary = {"action_type": "continuous", "size": 2}
const JUMP: Dictionary = {"action_type": "discrete", "size": 2}
const GEAR: Dictionary = {"action_type": "discrete", "size": 3}


func test_choices_are_drawn_by_their_logits() -> void:
	var decoder: RlActionDecoder = RlActionDecoder.new({"gear": GEAR}, {}, 3)
	var output: PackedFloat32Array = [log(0.2), log(0.5), log(0.3)]
	var counts: PackedInt32Array = [0, 0, 0]
	var rng: RandomNumberGenerator = _make_rng()
	for draw: int in DRAWS:
		var gear: int = decoder.sample(output, [], rng)["gear"]
		counts[gear] += 1
	expect_near(counts[0] / float(DRAWS), 0.2, 0.04)
	expect_near(counts[1] / float(DRAWS), 0.5, 0.04)


func test_gaussian_actions_scatter_around_the_mean() -> void:
	var metadata: Dictionary = {"distribution": "gaussian"}
	var decoder: RlActionDecoder = RlActionDecoder.new({"move": MOVE}, metadata, 2)
	var drawn: Array[PackedFloat64Array] = _draw(decoder, [0.1, 0.9], [log(0.2), log(1e-4)])
	_expect_spread(drawn[0], 0.1, 0.2)
	_expect_spread(drawn[1], 0.9, 1e-4)


func test_squashed_actions_scatter_before_the_squashing() -> void:
	var metadata: Dictionary = {"distribution": "squashed_gaussian"}
	var decoder: RlActionDecoder = RlActionDecoder.new({"move": MOVE}, metadata, 2)
	var drawn: Array[PackedFloat64Array] = _draw(decoder, [tanh(0.5), 1.0], [log(0.3), log(0.1)])
	for index: int in DRAWS:
		drawn[0][index] = atanh(drawn[0][index])
		# A mean at the edge stays there.
		expect_near(drawn[1][index], 0.995, 0.005 + 1e-9)
	_expect_spread(drawn[0], 0.5, 0.3)


func test_log_standard_deviations_in_the_row_are_used() -> void:
	var decoder: RlActionDecoder = RlActionDecoder.new({"aim": MOVE, "jump": JUMP}, {}, 6)
	var rng: RandomNumberGenerator = _make_rng()
	var aims: PackedFloat64Array = []
	for draw: int in DRAWS:
		var action: Dictionary = decoder.sample([0.2, 0.3, log(0.1), -20.0, 0.0, 50.0], [], rng)
		var aim: PackedFloat32Array = action["aim"]
		aims.append(aim[0])
		expect_eq(action["jump"], 1)
		expect_near(aim[1], 0.3)
	_expect_spread(aims, 0.2, 0.1)


func test_policies_that_drew_nothing_in_training_draw_nothing() -> void:
	var rng: RandomNumberGenerator = _make_rng()
	var greedy: RlActionDecoder = RlActionDecoder.new({"gear": GEAR}, {"distribution": "greedy"}, 3)
	var plain: RlActionDecoder = RlActionDecoder.new({"move": MOVE}, {}, 2)
	for draw: int in 20:
		expect_eq(greedy.sample([1.0, 1.1, 1.0], [], rng), {"gear": 1})
		_expect_action(plain.sample([0.5, 3.0], [], rng), "move", [0.5, 1.0])


func test_the_same_seed_draws_the_same() -> void:
	var decoder: RlActionDecoder = RlActionDecoder.new({"move": MOVE}, {}, 4)
	var row: PackedFloat32Array = [0.0, 0.0, -1.0, -1.0]
	var first: Dictionary = decoder.sample(row, [], _make_rng())
	expect_eq(decoder.sample(row, [], _make_rng()), first)


func test_masked_choices_are_never_drawn() -> void:
	var space: Dictionary = {"gear": GEAR, "jump": JUMP}
	var decoder: RlActionDecoder = RlActionDecoder.new(space, {}, 5)
	var output: PackedFloat32Array = [9.0, 5.0, -1.0, 2.0, 1.0]
	var rng: RandomNumberGenerator = _make_rng()
	for draw: int in 50:
		var action: Dictionary = decoder.sample(output, [], rng, 0, [0, 0, 1, 0, 1])
		expect_eq(action, {"gear": 2, "jump": 1})


func _make_rng() -> RandomNumberGenerator:
	var rng: RandomNumberGenerator = RandomNumberGenerator.new()
	rng.seed = 5
	return rng


# All draws of "move", number by number.
func _draw(
	decoder: RlActionDecoder, means: PackedFloat32Array, log_stds: PackedFloat32Array
) -> Array[PackedFloat64Array]:
	var rng: RandomNumberGenerator = _make_rng()
	var drawn: Array[PackedFloat64Array] = [PackedFloat64Array(), PackedFloat64Array()]
	for draw: int in DRAWS:
		var move: PackedFloat32Array = decoder.sample(means, log_stds, rng)["move"]
		drawn[0].append(move[0])
		drawn[1].append(move[1])
	return drawn


func _expect_spread(numbers: PackedFloat64Array, mean: float, deviation: float) -> void:
	var sum: float = 0.0
	var squares: float = 0.0
	for number: float in numbers:
		sum += number
		squares += (number - mean) ** 2
	expect_near(sum / numbers.size(), mean, 0.1 * deviation)
	expect_near(sqrt(squares / numbers.size()), deviation, 0.1 * deviation)


func _expect_action(actions: Dictionary, action: String, expected: Array) -> void:
	var means: PackedFloat32Array = actions[action]
	expect_all_near(Array(means), expected)
