extends "test_case.gd"
## Agents that policies play: in batches, with a memory of their own, in turns, drawn at random.

const RlObservation := preload("res://addons/rl_studio/runtime/observation.gd")
const MANY: int = 40

const MOVE: Dictionary = {"action_type": "continuous", "size": 1}
const GEAR: Dictionary = {"action_type": "discrete", "size": 3}


class Mover:
	extends RLAgent
	## Notes what it is told to do, and in which tick.
	var sight: Variant = PackedFloat32Array([0.0])
	var space: Dictionary = {"move": MOVE}
	var actions: Array[Dictionary] = []
	var ticks: PackedInt64Array = []
	var began: int = 0

	func _get_observation() -> Variant:
		return sight

	func _get_action_space() -> Dictionary:
		return space

	func _apply_action(action: Dictionary) -> void:
		actions.append(action)
		ticks.append(Engine.get_physics_frames())

	func _begin_episode() -> void:
		began += 1

	func _get_human_action() -> Dictionary:
		return {"move": PackedFloat32Array([-1.0])}


class Choosy:
	extends Mover
	## Never allows its first choice.

	func _get_action_mask() -> Dictionary:
		return {"gear": [false, true, true]}


@warning_ignore("missing_tool")


class Rule:
	extends RLPolicy
	## Puts out what it sees, and counts decisions in its memory if it has one.
	var inputs: Dictionary[String, int] = {"obs": 1}
	var width: int = 1
	var memory: int = 0
	var log_std: float = NAN
	## Rows of every call of run_batch, and all memories that came in.
	var batches: PackedInt32Array = []
	var memories: Array[PackedFloat32Array] = []

	func is_valid() -> bool:
		return true

	func get_input_sizes() -> Dictionary[String, int]:
		return inputs

	func get_output_sizes() -> Dictionary[String, int]:
		return {"output": width, "state_outs": maxi(memory, 1)}

	func get_memory_size() -> int:
		return memory

	func run_flat(obs: PackedFloat32Array) -> PackedFloat32Array:
		return run_batch({"obs": obs}, 1)["output"]

	func run_batch(
		given: Dictionary[String, PackedFloat32Array], count: int
	) -> Dictionary[String, PackedFloat32Array]:
		batches.append(count)
		var seen: PackedFloat32Array = given.values()[0]
		var outputs: Dictionary[String, PackedFloat32Array] = {"output": seen.duplicate()}
		if memory > 0:
			var states: PackedFloat32Array = given["state_ins"].duplicate()
			memories.append(given["state_ins"])
			for index: int in states.size():
				states[index] += 1.0
			outputs["state_outs"] = states
		if not is_nan(log_std):
			var log_stds: PackedFloat32Array = []
			log_stds.resize(count * width)
			log_stds.fill(log_std)
			outputs["log_std"] = log_stds
		return outputs


func test_agents_that_share_a_policy_are_asked_in_one_call() -> void:
	var rule: Rule = Rule.new()
	var agents: Array[Mover] = _add_agents(5)
	for index: int in agents.size():
		agents[index].sight = PackedFloat32Array([index / 10.0])
	_add_sync(rule)
	await _wait_ticks(8)
	for index: int in agents.size():
		expect_eq(agents[index].actions[0], {"move": PackedFloat32Array([index / 10.0])})
	expect_eq(rule.batches[0], 5)
	expect_true(rule.batches.size() in [2, 3], "calls: %s" % rule.batches)


func test_memory_is_each_agents_own_and_ends_with_its_episode() -> void:
	var rule: Rule = Rule.new()
	rule.memory = 2
	var agents: Array[Mover] = _add_agents(2)
	agents[1].max_episode_steps = 2
	_add_sync(rule)
	await wait_until(func() -> bool: return rule.memories.size() >= 5)
	for call_number: int in 5:
		var second: float = call_number % 2
		expect_eq(
			rule.memories[call_number],
			PackedFloat32Array([call_number, call_number, second, second])
		)


func test_memory_is_forgotten_when_the_player_took_over() -> void:
	var rule: Rule = Rule.new()
	rule.memory = 1
	var agents: Array[Mover] = _add_agents(1)
	_add_sync(rule)
	await wait_until(func() -> bool: return rule.memories.size() >= 3)
	agents[0].mode = RLAgent.Mode.HUMAN
	await _wait_ticks(6)
	var calls: int = rule.memories.size()
	agents[0].mode = RLAgent.Mode.INHERIT
	await wait_until(func() -> bool: return rule.memories.size() > calls)
	expect_ne(rule.memories[2], PackedFloat32Array([0.0]))
	expect_eq(rule.memories[calls], PackedFloat32Array([0.0]))


func test_many_agents_take_turns() -> void:
	var rule: Rule = Rule.new()
	var agents: Array[Mover] = _add_agents(MANY)
	_add_sync(rule)
	await _wait_ticks(14)
	expect_eq(Array(rule.batches).max(), 10)
	var first_ticks: Dictionary[int, int] = {}
	for agent: Mover in agents:
		first_ticks[agent.ticks[0]] = first_ticks.get(agent.ticks[0], 0) + 1
		expect_eq(agent.ticks[1] - agent.ticks[0], 4)
		expect_eq(agent.ticks[2] - agent.ticks[1], 4)
		expect_true(agent.episode.length in [agent.actions.size(), agent.actions.size() - 1])
	expect_eq(first_ticks.values(), [10, 10, 10, 10])


func test_turns_can_be_turned_off() -> void:
	var rule: Rule = Rule.new()
	_add_agents(MANY)
	var sync: RLSync = _add_sync(rule)
	sync.spread_decisions = false
	await _wait_ticks(8)
	expect_eq(rule.batches[0], MANY)


func test_agents_in_turns_may_come_go_and_have_episodes() -> void:
	var agents: Array[Mover] = _add_agents(MANY)
	for agent: Mover in agents:
		agent.max_episode_steps = 2
	_add_sync(Rule.new())
	await _wait_ticks(7)
	for index: int in 20:
		agents[index].free()
	var late: Array[Mover] = _add_agents(30)
	await _wait_ticks(20)
	for agent: Mover in late + agents.slice(20):
		expect_true(agent.actions.size() >= 3, "decisions: %d" % agent.actions.size())
	for agent: Mover in agents.slice(20):
		expect_true(agent.began >= 3, "episodes: %d" % agent.began)


func test_samples_scatter_around_the_mean_as_trained() -> void:
	var rule: Rule = Rule.new()
	rule.log_std = log(0.1)
	rule.metadata = {"distribution": "gaussian"}
	var agents: Array[Mover] = _add_agents(20)
	for agent: Mover in agents:
		agent.sample_actions = true
	agents[0].sample_actions = false
	_add_sync(rule)
	await _wait_ticks(40)
	expect_eq(agents[0].actions[0], {"move": PackedFloat32Array([0.0])})
	var moves: PackedFloat64Array = []
	for agent: Mover in agents.slice(1):
		for action: Dictionary in agent.actions:
			var move: PackedFloat32Array = action["move"]
			moves.append(move[0])
	expect_near(_find_deviation(moves), 0.1, 0.03)


func test_masks_are_obeyed() -> void:
	for samples: bool in [false, true]:
		var rule: Rule = Rule.new()
		rule.inputs = {"obs": 3}
		rule.width = 3
		var agent: Choosy = Choosy.new()
		agent.space = {"gear": GEAR}
		agent.sight = PackedFloat32Array([9.0, 1.0, 0.0])
		agent.sample_actions = samples
		add_child(agent)
		var sync: RLSync = _add_sync(rule)
		sync.action_repeat = 1
		await _wait_ticks(30)
		var gears: Array = agent.actions.map(func(action: Dictionary) -> int: return action["gear"])
		expect_false(0 in gears, "gears: %s" % [gears])
		expect_true(1 in gears)
		expect_eq(2 in gears, samples, "gears: %s" % [gears])
		agent.free()
		sync.free()


func test_pictures_go_in_as_bytes() -> void:
	var image: Image = Image.create_empty(2, 1, false, Image.FORMAT_RGB8)
	image.set_pixel(0, 0, Color8(255, 7, 0))
	image.set_pixel(1, 0, Color8(1, 128, 254))
	var observation: RlObservation = RlObservation.new({"eye_2d": image})
	expect_eq(
		observation.get_numbers("eye_2d"), PackedFloat32Array([255.0, 7.0, 0.0, 1.0, 128.0, 254.0])
	)
	var shades: Image = Image.create_empty(16, 16, false, Image.FORMAT_L8)
	for shade: int in 256:
		shades.set_pixel(shade % 16, floori(shade / 16.0), Color8(shade, shade, shade))
	var grey: RlObservation = RlObservation.new({"eye_2d": shades})
	expect_eq(grey.get_numbers("eye_2d"), PackedFloat32Array(range(256)))


func test_a_policy_that_does_not_fit_leaves_the_agent_to_the_player() -> void:
	var odd: Rule = Rule.new()
	odd.inputs = {"obs": 5}
	var agents: Array[Mover] = _add_agents(2)
	var sync: RLSync = _add_sync(odd)
	await _wait_ticks(12)
	expect_true(agents[0].is_human())
	expect_true(agents[1].actions.size() >= 6)
	expect_eq(agents[0].actions[-1], {"move": PackedFloat32Array([-1.0])})
	expect_eq(odd.batches.size(), 0)
	sync.policy = Rule.new()
	await _wait_ticks(6)
	expect_false(agents[0].is_human())


func test_an_observation_that_shrinks_in_mid_game_is_refused() -> void:
	var agents: Array[Mover] = _add_agents(2)
	_add_sync(Rule.new())
	await _wait_ticks(6)
	agents[0].sight = PackedFloat32Array([1.0, 2.0])
	await _wait_ticks(6)
	expect_true(agents[0].is_human())
	expect_false(agents[1].is_human())


func test_numbers_that_are_none_count_as_zero() -> void:
	var agents: Array[Mover] = _add_agents(1)
	agents[0].sight = PackedFloat32Array([NAN])
	_add_sync(Rule.new())
	await _wait_ticks(6)
	expect_false(agents[0].is_human())
	expect_eq(agents[0].actions[0], {"move": PackedFloat32Array([0.0])})


func test_policy_mode_without_a_policy_leaves_the_agent_to_the_player() -> void:
	var agents: Array[Mover] = _add_agents(1)
	var sync: RLSync = _add_sync(null)
	sync.mode = RLSync.Mode.POLICY
	await _wait_ticks(6)
	expect_true(agents[0].is_human())
	expect_true(agents[0].actions.size() > 0)


func _add_agents(count: int) -> Array[Mover]:
	var agents: Array[Mover] = []
	for index: int in count:
		agents.append(Mover.new())
		add_child(agents[-1])
	return agents


func _add_sync(policy: RLPolicy) -> RLSync:
	var sync: RLSync = RLSync.new()
	sync.policy = policy
	sync.action_repeat = 4
	add_child(sync)
	return sync


func _find_deviation(numbers: PackedFloat64Array) -> float:
	var squares: float = 0.0
	for number: float in numbers:
		squares += number * number
	return sqrt(squares / numbers.size())


func _wait_ticks(count: int) -> void:
	for tick: int in count:
		await get_tree().physics_frame
