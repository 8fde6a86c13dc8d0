extends "test_case.gd"
## The game's side of the binary frames: the golden frames that Python checks as well, and bytes
## that mean harm.

const RlActionSpace := preload("res://addons/rl_studio/runtime/action_space.gd")
const RlGroupRows := preload("res://addons/rl_studio/runtime/group_rows.gd")
const RlWireFrames := preload("res://addons/rl_studio/runtime/wire_frames.gd")
const RlWireGroup := preload("res://addons/rl_studio/runtime/wire_group.gd")

const FOLDER: String = "res://tests/wire"
const FUZZ_ROUNDS: int = 3000


func test_golden_steps_and_observations_are_written_byte_by_byte() -> void:
	var count: int = 0
	for file: String in DirAccess.get_files_at(FOLDER):
		var fixture: Dictionary = _load(file)
		if fixture["kind"] in ["step", "observation"]:
			expect_eq(_write(fixture).hex_encode(), fixture["hex"], file)
			count += 1
	expect_true(count >= 15, "%d files" % count)


func test_golden_resets_are_read() -> void:
	for file: String in DirAccess.get_files_at(FOLDER):
		var fixture: Dictionary = _load(file)
		if fixture["kind"] != "reset":
			continue
		var frames: RlWireFrames = RlWireFrames.new(_make_groups(fixture))
		expect_true(frames.read_reset(_get_payload(fixture)), frames.problem)
		var seed_given: Variant = fixture["fields"]["seed"]
		expect_eq(frames.has_seed, seed_given != null, file)
		if seed_given != null:
			var number: int = seed_given
			expect_eq(frames.reset_seed, number, file)


func test_golden_actions_are_read() -> void:
	for file: String in DirAccess.get_files_at(FOLDER):
		var fixture: Dictionary = _load(file)
		if fixture["kind"] != "action":
			continue
		var frames: RlWireFrames = RlWireFrames.new(_make_groups(fixture))
		expect_true(frames.read_actions(_get_payload(fixture)), frames.problem)
		var fields: Dictionary = fixture["fields"]
		for index: int in frames.continuous.size():
			var continuous: Array = _flatten(fields["continuous"][index])
			expect_eq(frames.continuous[index], PackedFloat32Array(continuous), file)
			var discrete: Array = _flatten(fields["discrete"][index])
			expect_eq(frames.discrete[index], PackedInt32Array(discrete), file)


func test_actions_are_cut_into_dictionaries() -> void:
	var fixture: Dictionary = _load("action_two_groups.json")
	var groups: Array[RlWireGroup] = _make_groups(fixture)
	var frames: RlWireFrames = RlWireFrames.new(groups)
	frames.read_actions(_get_payload(fixture))
	var walker: RlActionSpace = groups[0].action_space
	expect_eq(
		walker.cut(frames.continuous[0], frames.discrete[0], 1),
		{"jump": 0, "move": PackedFloat32Array([0.25, 1.0]), "turn": 1}
	)
	expect_eq(
		groups[1].action_space.cut(frames.continuous[1], frames.discrete[1], 0),
		{"move": PackedFloat32Array([-0.125])}
	)


func test_continuous_actions_are_clamped_and_nan_is_refused() -> void:
	var groups: Array[RlWireGroup] = _make_groups(_load("action_two_groups.json"))
	var frames: RlWireFrames = RlWireFrames.new(groups)
	var payload: PackedByteArray = _get_payload(_load("action_two_groups.json"))
	payload.encode_float(8, -7.5)
	payload.encode_float(12, INF)
	expect_true(frames.read_actions(payload))
	expect_eq(frames.continuous[0].slice(0, 2), PackedFloat32Array([-1.0, 1.0]))
	payload.encode_float(16, NAN)
	expect_false(frames.read_actions(payload))
	expect_contains(frames.problem, 'row 1 of policy "walker"')
	expect_contains(frames.problem, "nan")


func test_discrete_actions_out_of_range_are_refused() -> void:
	var frames: RlWireFrames = RlWireFrames.new(_make_groups(_load("action_two_groups.json")))
	for choice: int in [-1, 3, 1 << 30]:
		var payload: PackedByteArray = _get_payload(_load("action_two_groups.json"))
		payload.encode_s32(24 + 4, choice)
		expect_false(frames.read_actions(payload), str(choice))
		expect_contains(frames.problem, '"turn" is %d; expected 0 to 2' % choice)
		expect_contains(frames.problem, 'row 0 of policy "walker"')


func test_sizes_versions_and_kinds_are_checked() -> void:
	var frames: RlWireFrames = RlWireFrames.new(_make_groups(_load("action_two_groups.json")))
	var payload: PackedByteArray = _get_payload(_load("action_two_groups.json"))
	for size: int in payload.size():
		expect_false(frames.read_actions(payload.slice(0, size)), "%d bytes" % size)
		expect_ne(frames.problem, "")
	expect_contains(frames.problem, "takes %d bytes; got %d" % [payload.size(), payload.size() - 1])
	expect_false(frames.read_reset(payload))
	expect_contains(frames.problem, "kind 2; expected 1")
	payload[4] = 9
	expect_false(frames.read_actions(payload))
	expect_contains(frames.problem, "actions for 9 agents; expected 3")
	payload[2] = 1
	expect_eq(frames.read_kind(payload), RlWireFrames.RlKind.NONE)
	expect_contains(frames.problem, "version 1; this game speaks version 2")
	expect_false(RlWireFrames.is_binary("{}".to_utf8_buffer()))
	expect_false(RlWireFrames.is_binary(PackedByteArray([0x52])))


func test_no_bytes_break_the_reader() -> void:
	var rng: RandomNumberGenerator = RandomNumberGenerator.new()
	rng.seed = 11
	var fixtures: Array[Dictionary] = []
	for file: String in DirAccess.get_files_at(FOLDER):
		fixtures.append(_load(file))
	var accepted: int = 0
	for turn: int in FUZZ_ROUNDS:
		var fixture: Dictionary = fixtures[turn % fixtures.size()]
		var frames: RlWireFrames = RlWireFrames.new(_make_groups(fixture))
		var payload: PackedByteArray = _spoil(_get_payload(fixture), rng)
		if frames.read_kind(payload) == RlWireFrames.RlKind.NONE:
			expect_ne(frames.problem, "")
		for is_read: bool in [frames.read_reset(payload), frames.read_actions(payload)]:
			accepted += 1 if is_read else 0
		_expect_sound(frames, payload)
	expect_true(accepted > 100 and accepted < FUZZ_ROUNDS, "%d accepted" % accepted)


func test_rows_take_fast_and_slow_forms_alike() -> void:
	var forms: Array[Variant] = [
		PackedFloat32Array([1.0, 2.0]), [1, 2.0], {"obs": PackedFloat32Array([1.0, 2.0])}
	]
	for form: Variant in forms:
		var rows: RlGroupRows = RlGroupRows.new(_make_group({"obs": PackedInt32Array([2])}))
		expect_eq(rows.add(form), "")
		expect_eq(rows.add(forms[0]), "")
		var blocks: Array[PackedByteArray] = []
		rows.take(blocks)
		expect_eq(blocks[0].to_float32_array(), PackedFloat32Array([1.0, 2.0, 1.0, 2.0]))
		expect_contains(rows.add([1.0, 2.0, 3.0]), "[3]")
		expect_contains(rows.add({"abc": [1.0, 2.0]}), "abc")
		expect_contains(rows.add("text"), "String")


func test_rows_keep_what_a_reused_array_was() -> void:
	for key: String in ["obs", "other"]:
		var rows: RlGroupRows = RlGroupRows.new(_make_group({key: PackedInt32Array([1])}))
		var reused: PackedFloat32Array = [1.0]
		var observation: Variant = reused if key == "obs" else {key: reused}
		rows.add(observation)
		reused[0] = 5.0
		var blocks: Array[PackedByteArray] = []
		rows.take(blocks)
		expect_eq(blocks[0].to_float32_array(), PackedFloat32Array([1.0]), key)


func test_rows_of_pictures() -> void:
	var shapes: Dictionary[String, PackedInt32Array] = {
		"eye_2d": PackedInt32Array([3, 1, 2]), "obs": PackedInt32Array([1])
	}
	var rows: RlGroupRows = RlGroupRows.new(_make_group(shapes))
	var bytes: PackedByteArray = [1, 2, 3, 4, 5, 6]
	var image: Image = Image.create_from_data(2, 1, false, Image.FORMAT_RGB8, bytes)
	expect_eq(rows.add({"obs": [0.5], "eye_2d": image}), "")
	var blocks: Array[PackedByteArray] = []
	rows.take(blocks)
	expect_eq(blocks[0], bytes)
	expect_eq(blocks[1].to_float32_array(), PackedFloat32Array([0.5]))
	image.resize(1, 1)
	expect_contains(rows.add({"obs": [0.5], "eye_2d": image}), "changed")


func _write(fixture: Dictionary) -> PackedByteArray:
	var groups: Array[RlWireGroup] = _make_groups(fixture, "after")
	var frames: RlWireFrames = RlWireFrames.new(groups)
	var fields: Dictionary = fixture["fields"]
	var usec: int = fields["game_usec"]
	var blocks: Array[PackedByteArray] = []
	for index: int in groups.size():
		var seen: Dictionary = fields["observations"][index]
		_append_observations(blocks, groups[index], seen)
		if fields["masks"][index] != null:
			blocks.append(PackedByteArray(_flatten(fields["masks"][index])))
	if fixture["kind"] == "observation":
		return frames.write_observation(usec, blocks)
	var flags: PackedByteArray = []
	var ended: int = 0
	for index: int in len(fields["rewards"]):
		var flag: int = 1 if fields["terminated"][index] else 0
		flag += 2 if fields["truncated"][index] else 0
		ended += 1 if flag > 0 else 0
		flags.append(flag + (4 if fields["left"][index] else 0))
	var rewards: Array = fields["rewards"]
	var has_changed: bool = fields["rows_changed"]
	var ends: Array[PackedByteArray] = []
	var infos: String = ""
	if ended > 0:
		infos = fields["infos_json"]
		for index: int in groups.size():
			var seen: Dictionary = fields["terminal_observations"][index]
			_append_observations(ends, groups[index], seen)
	return frames.write_step(
		usec, PackedFloat32Array(rewards), flags, has_changed, blocks, ends, infos, ended
	)


func _append_observations(
	blocks: Array[PackedByteArray], group: RlWireGroup, seen: Dictionary
) -> void:
	for index: int in group.names.size():
		var numbers: Array = _flatten(seen.get(group.names[index], []))
		if group.are_pictures[index]:
			blocks.append(PackedByteArray(numbers))
		else:
			blocks.append(PackedFloat32Array(numbers).to_byte_array())


func _spoil(payload: PackedByteArray, rng: RandomNumberGenerator) -> PackedByteArray:
	match rng.randi_range(0, 3):
		0:
			return payload.slice(0, rng.randi_range(0, payload.size()))
		1:
			for flip: int in rng.randi_range(1, 4):
				payload[rng.randi_range(0, payload.size() - 1)] ^= 1 << rng.randi_range(0, 7)
		2:
			for index: int in range(rng.randi_range(0, 8), payload.size()):
				payload[index] = rng.randi_range(0, 255)
		3:
			for extra: int in rng.randi_range(0, 3):
				payload.append(rng.randi_range(0, 255))
	return payload


## Whatever was read can be carried out.
func _expect_sound(frames: RlWireFrames, payload: PackedByteArray) -> void:
	if not frames.read_actions(payload):
		expect_ne(frames.problem, "")
		return
	for numbers: PackedFloat32Array in frames.continuous:
		for number: float in numbers:
			expect_true(absf(number) <= 1.0)
	for choices: PackedInt32Array in frames.discrete:
		for choice: int in choices:
			expect_true(choice >= 0 and choice < 3)


func _load(file: String) -> Dictionary:
	# Numbers of JSON are floats; the seed needs its last digits.
	return JSON.parse_string(FileAccess.get_file_as_string(FOLDER.path_join(file)))


func _get_payload(fixture: Dictionary) -> PackedByteArray:
	var hex: String = fixture["hex"]
	return hex.hex_decode()


func _make_groups(fixture: Dictionary, moment: String = "before") -> Array[RlWireGroup]:
	var groups: Array[RlWireGroup] = []
	for entry: Dictionary in fixture["groups"]:
		var shapes: Dictionary[String, PackedInt32Array] = {}
		for seen: Dictionary in entry["observations"]:
			var key: String = seen["name"]
			var extents: Array = seen["shape"]
			shapes[key] = PackedInt32Array(extents)
		var actions: Dictionary = {}
		for action: Dictionary in entry["actions"]:
			actions[action["name"]] = {"action_type": action["kind"], "size": action["size"]}
		var policy: String = entry["policy"]
		var group: RlWireGroup = RlWireGroup.new(policy)
		group.learn(shapes, RlActionSpace.new(actions))
		var rows: int = entry["rows"]
		group.set_rows(rows)
		if fixture[moment] != null:
			var taken: Array = fixture[moment][groups.size()]
			group.taken = PackedInt32Array(taken)
		group.is_masked = entry["masked"]
		groups.append(group)
	return groups


func _make_group(shapes: Dictionary[String, PackedInt32Array]) -> RlWireGroup:
	var space: RlActionSpace = RlActionSpace.new({"move": {"action_type": "continuous", "size": 1}})
	var group: RlWireGroup = RlWireGroup.new("p")
	group.learn(shapes, space)
	return group


func _flatten(given: Variant) -> Array:
	var rows: Array = given
	var flat: Array = []
	for row: Variant in rows:
		if row is Array:
			var items: Array = row
			flat.append_array(items)
		else:
			flat.append(row)
	return flat
