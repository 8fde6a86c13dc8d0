extends "test_case.gd"
## Agents and their episodes, driven by hand and by an RLSync in the tree.

const RlEpisode := preload("res://addons/rl_studio/runtime/episode.gd")
const RlSceneChecks := preload("res://addons/rl_studio/runtime/scene_checks.gd")


class Walker:
	extends RLAgent
	## Counts what is done to it.
	var began: int = 0
	var position: float = 0.0
	var human_input: float = 0.0
	var actions: Array[Dictionary] = []

	func _get_observation() -> Variant:
		return PackedFloat32Array([position])

	func _get_action_space() -> Dictionary:
		return {"move": {"action_type": "continuous", "size": 1}}

	func _apply_action(action: Dictionary) -> void:
		actions.append(action)

	func _begin_episode() -> void:
		began += 1
		position = 0.0

	func _get_human_action() -> Dictionary:
		return {"move": PackedFloat32Array([human_input])}


class Careless:
	extends Walker
	## Overrides what it can without `super`.
	var size: int

	func _init(given: int) -> void:
		size = given

	func _enter_tree() -> void:
		size += 1

	func _exit_tree() -> void:
		size -= 1

	func _notification(_what: int) -> void:
		pass


class Reuser:
	extends RLAgent
	## Always returns the same array.
	var seen: PackedFloat32Array = [0.0]

	func _get_observation() -> Variant:
		return seen


@warning_ignore("missing_tool")


class Rule:
	extends RLPolicy
	## A policy that always goes right.
	var size: int = 1
	var problems: PackedStringArray = []

	func is_valid() -> bool:
		return problems.is_empty()

	func get_problems() -> PackedStringArray:
		return problems

	func get_input_sizes() -> Dictionary[String, int]:
		return {"obs": size}

	func get_output_sizes() -> Dictionary[String, int]:
		return {"output": 1}

	func get_memory_size() -> int:
		return 0

	func run_flat(_obs: PackedFloat32Array) -> PackedFloat32Array:
		return [1.0]


func test_end_freezes_the_episode() -> void:
	var agent: Walker = _add_agent()
	agent.add_reward(1.5)
	agent.log_metric(&"jumps", 2.0)
	agent.log_metric(&"jumps", 3.0)
	agent.position = 7.0
	agent.end_episode()
	agent.position = 9.0
	agent.add_reward(100.0)
	agent.log_metric(&"jumps", 99.0)
	agent.end_episode(true)
	expect_true(agent.is_episode_over())
	agent.close_window()
	var ended: RlEpisode = agent.finished_episode
	expect_near(ended.total_reward, 1.5)
	expect_false(ended.truncated)
	expect_eq(ended.metrics, {"jumps": 3.0} as Dictionary[String, float])
	expect_eq(ended.terminal_observation, PackedFloat32Array([7.0]))
	expect_eq(ended.length, 1)
	expect_false(agent.is_episode_over())
	expect_eq(agent.began, 1)


func test_rewards_given_after_the_end_are_dropped() -> void:
	var agent: Walker = _add_agent()
	agent.add_reward(1.0)
	agent.end_episode()
	agent.add_reward(100.0)
	agent.close_window()
	expect_near(agent.finished_episode.take_reward(), 1.0)
	agent.add_reward(2.0)
	agent.close_window()
	expect_near(agent.episode.take_reward(), 2.0)


func test_the_terminal_observation_is_a_copy() -> void:
	var agent: Reuser = Reuser.new()
	add_child(agent)
	agent.seen[0] = 7.0
	agent.end_episode()
	agent.seen[0] = 9.0
	expect_eq(agent.episode.terminal_observation, PackedFloat32Array([7.0]))


func test_modes_and_policies_may_change_in_mid_game() -> void:
	var agent: Walker = _add_agent()
	var sync: RLSync = _add_sync(null)
	await _wait_ticks(6)
	expect_true(agent.is_human())
	agent.policy = Rule.new()
	await _wait_ticks(6)
	expect_false(agent.is_human())
	agent.mode = RLAgent.Mode.HUMAN
	await _wait_ticks(6)
	expect_true(agent.is_human())
	agent.mode = RLAgent.Mode.INHERIT
	sync.mode = RLSync.Mode.HUMAN
	await _wait_ticks(6)
	expect_true(agent.is_human())
	sync.mode = RLSync.Mode.AUTO
	await _wait_ticks(6)
	expect_false(agent.is_human())


func test_time_limit_truncates() -> void:
	var agent: Walker = _add_agent()
	agent.max_episode_steps = 2
	var ends: Array[Array] = []
	agent.episode_ended.connect(
		func(reward: float, length: int, truncated: bool) -> void:
			ends.append([reward, length, truncated])
	)
	for window: int in 4:
		agent.add_reward(1.0)
		agent.close_window()
	expect_eq(ends, [[2.0, 2, true], [2.0, 2, true]] as Array[Array])


func test_reward_after_a_window_belongs_to_the_next() -> void:
	var episode: RlEpisode = RlEpisode.new()
	episode.add_reward(1.0)
	episode.close_window()
	episode.add_reward(5.0)
	expect_near(episode.take_reward(), 1.0)
	expect_near(episode.take_reward(), 0.0)
	episode.close_window()
	expect_near(episode.take_reward(), 5.0)


func test_success_is_null_unless_logged() -> void:
	var episode: RlEpisode = RlEpisode.new()
	expect_null(episode.get_success())
	episode.log_metric(&"is_success", 1.0)
	expect_eq(episode.get_success(), true)


func test_sync_drives_a_human_every_tick() -> void:
	var agent: Walker = _add_agent()
	agent.human_input = 0.5
	_add_sync(null)
	await _wait_ticks(10)
	expect_eq(agent.began, 1)
	expect_true(agent.is_human())
	expect_true(agent.actions.size() >= 8)
	expect_eq(agent.actions[-1], {"move": PackedFloat32Array([0.5])})


func test_sync_asks_the_policy_once_a_window() -> void:
	var agent: Walker = _add_agent()
	_add_sync(Rule.new())
	await _wait_ticks(13)
	expect_false(agent.is_human())
	expect_true(agent.actions.size() in [3, 4], "decisions: %d" % agent.actions.size())
	expect_eq(agent.actions[0], {"move": PackedFloat32Array([1.0])})
	expect_eq(agent.episode.length, agent.actions.size() - 1)


func test_the_agents_own_policy_and_mode_count_first() -> void:
	var player: Walker = _add_agent()
	player.mode = RLAgent.Mode.HUMAN
	var expert: Walker = _add_agent()
	expert.policy = Rule.new()
	var odd: Rule = Rule.new()
	odd.size = 5
	_add_sync(odd)
	await _wait_ticks(6)
	expect_true(player.is_human())
	expect_false(expert.is_human())


func test_agents_that_forget_super_are_found() -> void:
	var agent: Careless = Careless.new(1)
	add_child(agent)
	_add_sync(null)
	await _wait_ticks(6)
	expect_eq(agent.began, 1)
	expect_true(agent.actions.size() > 0)


func test_agents_may_come_and_go() -> void:
	var first: Walker = _add_agent()
	_add_sync(null)
	await _wait_ticks(6)
	var late: Walker = _add_agent()
	first.free()
	await _wait_ticks(8)
	expect_eq(late.began, 1)
	expect_true(late.actions.size() > 0)


func test_sync_leaves_the_engine_as_it_was() -> void:
	var ticks: int = Engine.physics_ticks_per_second
	_add_agent()
	var sync: RLSync = _add_sync(null)
	await _wait_ticks(3)
	sync.free()
	expect_eq(Engine.physics_ticks_per_second, ticks)
	expect_near(Engine.time_scale, 1.0)


func test_scene_checks_find_what_is_missing() -> void:
	var plain: RLAgent = RLAgent.new()
	plain.policy_name = ""
	add_child(plain)
	var problems: String = "\n".join(RlSceneChecks.get_agent_problems(plain))
	for part: String in ["_get_observation", "_get_action_space", "_apply_action", "policy name"]:
		expect_contains(problems, part)
	var broken: Rule = Rule.new()
	broken.problems = ["no Conv here"]
	var agent: Walker = _add_agent()
	agent.policy = broken
	expect_contains("\n".join(RlSceneChecks.get_agent_problems(agent)), "no Conv here")
	agent.policy = null
	expect_eq(RlSceneChecks.get_agent_problems(agent), PackedStringArray())
	var sync: RLSync = _add_sync(null)
	expect_contains("\n".join(sync._get_configuration_warnings()), "override _get_observation")
	var second: RLSync = RLSync.new()
	expect_eq(RlSceneChecks.find_syncs(second).size(), 0, "not in a tree yet")
	second.free()


func test_scene_checks_of_a_sync_without_agents() -> void:
	var sync: RLSync = _add_sync(null)
	expect_contains("\n".join(sync._get_configuration_warnings()), "No RLAgent")


func _add_agent() -> Walker:
	var agent: Walker = Walker.new()
	add_child(agent)
	return agent


func _add_sync(policy: RLPolicy) -> RLSync:
	var sync: RLSync = RLSync.new()
	sync.policy = policy
	sync.action_repeat = 4
	add_child(sync)
	return sync


func _wait_ticks(count: int) -> void:
	for tick: int in count:
		await get_tree().physics_frame
