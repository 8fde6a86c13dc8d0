extends "test_case.gd"
## What travels between agents, trainers and policies: observations, actions, launch options.

const RlActionSpace := preload("res://addons/rl_studio/runtime/action_space.gd")
const RlActionMask := preload("res://addons/rl_studio/runtime/action_mask.gd")
const RlScaledTime := preload("res://addons/rl_studio/runtime/scaled_time.gd")
const RlLaunchOptions := preload("res://addons/rl_studio/runtime/launch_options.gd")
const RlObservation := preload("res://addons/rl_studio/runtime/observation.gd")


func test_observation_from_packed_array() -> void:
	var observation: RlObservation = RlObservation.new(PackedFloat32Array([0.5, -1.0]))
	expect_eq(observation.problem, "")
	expect_eq(
		observation.get_shapes(),
		{"obs": PackedInt32Array([2])} as Dictionary[String, PackedInt32Array]
	)
	expect_eq(observation.to_json(), '{"obs":[0.5, -1.0]}')


func test_observation_from_array_of_numbers_and_bools() -> void:
	var observation: RlObservation = RlObservation.new([1, 0.25, true, false])
	expect_eq(observation.values["obs"], PackedFloat32Array([1.0, 0.25, 1.0, 0.0]))


func test_observation_from_other_packed_arrays() -> void:
	for raw: Variant in [
		PackedFloat64Array([1.0, 2.0]), PackedInt32Array([1, 2]), PackedInt64Array([1, 2])
	]:
		var observation: RlObservation = RlObservation.new(raw)
		expect_eq(observation.values.get("obs"), PackedFloat32Array([1.0, 2.0]))


func test_observation_keys_are_sorted() -> void:
	var observation: RlObservation = RlObservation.new({"z": [1.0], "a": [2.0], &"m": [3.0]})
	expect_eq(observation.values.keys(), ["a", "m", "z"])
	expect_eq(JSON.parse_string(observation.to_json()), {"a": [2.0], "m": [3.0], "z": [1.0]})


func test_observation_refuses_what_is_no_number() -> void:
	expect_contains(RlObservation.new([1.0, "two"]).problem, "obs[1] is a String")
	expect_contains(RlObservation.new(null).problem, "expected")
	expect_contains(RlObservation.new({"eyes": Vector2.ONE}).problem, "eyes")


func test_observation_finds_nan_and_inf() -> void:
	expect_eq(RlObservation.new([1.0, 2.0]).find_bad_number(), "")
	expect_eq(RlObservation.new([1.0, NAN]).find_bad_number(), "obs[1] is nan")
	expect_eq(RlObservation.new({"a": [0.0], "b": [-INF]}).find_bad_number(), "b[0] is -inf")


func test_pictures_are_grey_or_rgb() -> void:
	var formats: Dictionary[Image.Format, int] = {
		Image.FORMAT_L8: 1,
		Image.FORMAT_R8: 1,
		Image.FORMAT_RGB8: 3,
		Image.FORMAT_RGBA8: 3,
		Image.FORMAT_RGBAF: 3,
	}
	for format: Image.Format in formats:
		var image: Image = Image.create_empty(4, 2, format == Image.FORMAT_RGBA8, format)
		image.fill(Color(0.2, 0.2, 0.2))
		var observation: RlObservation = RlObservation.new({"eye_2d": image})
		expect_eq(observation.problem, "")
		expect_eq(observation.find_misfit(), "")
		expect_eq(observation.get_shapes()["eye_2d"], PackedInt32Array([formats[format], 2, 4]))
		var bytes: PackedByteArray = observation.pictures["eye_2d"].bytes
		expect_eq([bytes.size(), bytes.count(51)], [8 * formats[format], 8 * formats[format]])
		expect_eq(image.get_format(), format, "the game's own image")


func test_pictures_go_channel_by_channel_in_json() -> void:
	var bytes: PackedByteArray = [1, 2, 3, 4, 5, 6]
	var image: Image = Image.create_from_data(1, 2, false, Image.FORMAT_RGB8, bytes)
	var observation: RlObservation = RlObservation.new({"z": [1.0], "eye_2d": image, "a": [2.0]})
	expect_eq(observation.to_json(), '{"a":[2.0],"eye_2d":"010402050306","z":[1.0]}')


func test_pictures_that_cannot_be_used() -> void:
	for nothing: Variant in [Image.new(), null]:
		var unseen: RlObservation = RlObservation.new({"eye_2d": nothing})
		expect_contains(unseen.problem, '"eye_2d" is no Image; nothing is drawn without a window')
		expect_true(unseen.needs_drawing)
	var image: Image = Image.create_empty(1, 1, false, Image.FORMAT_L8)
	expect_contains(RlObservation.new({"eye": image}).find_misfit(), 'put "2d" into its name')
	expect_contains(RlObservation.new(image).find_misfit(), '"obs_2d"')
	expect_contains(RlObservation.new({"rays2d": [1.0]}).find_misfit(), "rename it")
	expect_contains(RlObservation.new({"eye_2d": RefCounted.new()}).problem, "Object")


func test_freeze_outlives_changes() -> void:
	var image: Image = Image.create_empty(1, 1, false, Image.FORMAT_L8)
	var numbers: PackedFloat32Array = [1.0]
	var list: Array = [1.0]
	var frozen: Dictionary = RlObservation.freeze({"a": numbers, "b": list, "c_2d": image})
	numbers[0] = 2.0
	list[0] = 2.0
	image.fill(Color.WHITE)
	var read: RlObservation = RlObservation.new(frozen)
	expect_eq(read.to_json(), '{"a":[1.0],"b":[1.0],"c_2d":"00"}')


func test_masks() -> void:
	var mask: RlActionMask = RlActionMask.new(_make_space_of_choices())
	expect_eq(mask.allowed, PackedByteArray([1, 1, 1, 1, 1]))
	mask.read({"turn": [false, 1], &"jump": PackedByteArray([1, 0, 1])})
	expect_eq(mask.problem, "")
	expect_eq(mask.allowed, PackedByteArray([1, 0, 1, 0, 1]))
	expect_eq(mask.to_json(), '{"jump":[1, 0, 1],"turn":[0, 1]}')
	mask.read({"turn": [true, false]})
	expect_eq(mask.allowed, PackedByteArray([1, 1, 1, 1, 0]))
	mask.read({})
	expect_eq(mask.allowed, PackedByteArray([1, 1, 1, 1, 1]))


func test_masks_that_do_not_fit() -> void:
	var misfits: Dictionary[String, Dictionary] = {
		'"leap"': {"leap": [1]},
		'"move"': {"move": [1]},
		"has 2 choices; expected 3": {"jump": [1, 0]},
		"allows nothing": {"jump": [0, 0, 0]},
		"expected an Array of 3 bools": {"jump": 1},
		"expected 0 or 1": {"jump": [1, null, 0]},
	}
	var mask: RlActionMask = RlActionMask.new(_make_space_of_choices())
	for part: String in misfits:
		mask.read(misfits[part])
		expect_contains(mask.problem, part)


func test_ticks_are_exactly_as_long_at_any_speed() -> void:
	for rate: int in [30, 60, 90, 120, 240]:
		for factor: int in [1, 2, 3, 4, 5, 7, 8, 14, 16, 1024]:
			var scale: float = RlScaledTime.find_time_scale(rate * factor, rate)
			expect_true(1.0 / (rate * factor) * scale == 1.0 / rate, "%d × %d" % [rate, factor])
	expect_near(RlScaledTime.find_time_scale(720, 144), 0.0, 0.0, "there is none")


func test_action_space_is_sorted_and_checked() -> void:
	var space: RlActionSpace = (
		RlActionSpace
		. new(
			{
				"turn": {"action_type": "continuous", "size": 2.0},
				"jump": {"action_type": "discrete", "size": 3},
			}
		)
	)
	expect_eq(space.problem, "")
	expect_eq(space.entries.keys(), ["jump", "turn"])
	expect_eq(space.entries["turn"]["size"], 2)


func test_action_space_problems() -> void:
	expect_contains(RlActionSpace.new({}).problem, "empty")
	expect_contains(RlActionSpace.new({"a": 3}).problem, '"a"')
	expect_contains(RlActionSpace.new({"a": {"action_type": "fuzzy", "size": 2}}).problem, '"a"')
	var lonely: Dictionary = {"a": {"action_type": "discrete", "size": 1}}
	expect_contains(RlActionSpace.new(lonely).problem, "nothing to choose")


func test_decode_clamps_and_types() -> void:
	var space: RlActionSpace = _make_space()
	var action: Dictionary = space.decode({"move": [3.0, -0.5], "jump": 1.0})
	expect_eq(space.problem, "")
	expect_eq(action["move"], PackedFloat32Array([1.0, -0.5]))
	expect_eq(action["jump"], 1)


func test_decode_refuses_misfits() -> void:
	var space: RlActionSpace = _make_space()
	var misfits: Dictionary[String, Variant] = {
		"missing": {"move": [0.0, 0.0]},
		"2": {"move": [0.0], "jump": 0},
		"0 to 2": {"move": [0.0, 0.0], "jump": 3},
		"null": {"move": [0.0, null], "jump": 0},
		"not an object": 7,
	}
	for part: String in misfits:
		expect_eq(space.decode(misfits[part]), {})
		expect_contains(space.problem, part)


func test_sample_stays_inside_and_is_seeded() -> void:
	var space: RlActionSpace = _make_space()
	var first: RandomNumberGenerator = RandomNumberGenerator.new()
	var second: RandomNumberGenerator = RandomNumberGenerator.new()
	first.seed = 7
	second.seed = 7
	var jumps: Array[int] = []
	for turn: int in 50:
		var action: Dictionary = space.sample(first)
		expect_eq(action, space.sample(second))
		var move: PackedFloat32Array = action["move"]
		expect_true(absf(move[0]) <= 1.0 and absf(move[1]) <= 1.0)
		jumps.append(action["jump"])
	expect_eq([jumps.min(), jumps.max()], [0, 2])


func test_launch_options() -> void:
	var options: RlLaunchOptions = RlLaunchOptions.new(
		["--port=12", "--speedup=2.5", "--path=a=b", "--flag", "res://x.tscn", "--ä=ö"]
	)
	expect_eq(options.get_int("port", 0), 12)
	expect_near(options.get_float("speedup", 0.0), 2.5)
	expect_eq(options.get_text("path"), "a=b")
	expect_true(options.has("flag"))
	expect_eq(options.get_text("ä"), "ö")
	expect_false(options.has("absent"))
	expect_eq(options.get_int("absent", 3), 3)


func _make_space() -> RlActionSpace:
	return (
		RlActionSpace
		. new(
			{
				"move": {"action_type": "continuous", "size": 2},
				"jump": {"action_type": "discrete", "size": 3},
			}
		)
	)


func _make_space_of_choices() -> RlActionSpace:
	return (
		RlActionSpace
		. new(
			{
				"turn": {"action_type": "discrete", "size": 2},
				"move": {"action_type": "continuous", "size": 2},
				"jump": {"action_type": "discrete", "size": 3},
			}
		)
	)
