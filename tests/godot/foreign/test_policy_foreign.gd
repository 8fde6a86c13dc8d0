extends "test_case.gd"
## Policies of other tools at play, from files like those of ML-Agents (see test_foreign_models.py).

const RlPolicyFacts := preload("res://addons/rl_studio/core/policy_facts.gd")
const RlPolicyFit := preload("res://addons/rl_studio/runtime/policy_fit.gd")

const MOVE: Dictionary = {"action_type": "continuous", "size": 3}
const TURN: Dictionary = {"action_type": "discrete", "size": 3}
const ZAP: Dictionary = {"action_type": "discrete", "size": 2}
const SIGHT: PackedFloat32Array = [0.5, -1.0, 0.25, 2.0, -0.5, 1.5]
const DISCRETE: Dictionary = {"turn": TURN, "zap": ZAP}


class Actor:
	extends RLAgent
	var space: Dictionary = {}
	var mask: Dictionary = {}
	var actions: Array[Dictionary] = []

	func _get_observation() -> Variant:
		return {"obs_0": SIGHT}

	func _get_action_space() -> Dictionary:
		return space

	func _get_action_mask() -> Dictionary:
		return mask

	func _apply_action(action: Dictionary) -> void:
		actions.append(action)


@warning_ignore("missing_tool")


func test_outputs_that_draw_are_left_out_and_named() -> void:
	var policy: RLPolicy = _load("both")
	var left_out: Dictionary[String, String] = policy.get_left_out_outputs()
	expect_eq(Array(left_out.keys()), ["continuous_actions", "discrete_actions"])
	expect_contains(left_out["continuous_actions"], "operator RandomNormalLike")
	expect_contains(left_out["discrete_actions"], "operator Multinomial")
	expect_true(not policy.get_output_sizes().has("discrete_actions"), "not among the outputs")
	var rows: Dictionary[String, String] = RlPolicyFacts.new(policy).network(0)
	expect_contains(rows["Left out"], "discrete_actions: operator Multinomial")


func test_agents_are_played_by_the_best_actions() -> void:
	for kind: String in ["continuous", "discrete", "both", "memory"]:
		var policy: RLPolicy = _load(kind)
		var actor: Actor = Actor.new()
		actor.space = _space(kind)
		var action: Dictionary = await _play(actor, policy)
		var inputs: Dictionary[String, PackedFloat32Array] = {"obs_0": SIGHT}
		_expect_action(action, policy, inputs)


func test_masks_go_into_the_policy() -> void:
	var policy: RLPolicy = _load("discrete")
	expect_eq(policy.get_mask_size(), 5)
	for allowed: int in 3:
		var actor: Actor = Actor.new()
		actor.space = DISCRETE
		actor.mask = {"turn": [allowed == 0, allowed == 1, allowed == 2]}
		var action: Dictionary = await _play(actor, policy)
		expect_eq(action["turn"], allowed)


func test_an_output_can_be_chosen() -> void:
	var policy: RLPolicy = _load("both")
	var actor: Actor = Actor.new()
	actor.space = {"move": MOVE}
	actor.policy_output = "deterministic_continuous_actions"
	var action: Dictionary = await _play(actor, policy)
	expect_eq(action.keys(), ["move"])


func test_what_is_missing_is_said() -> void:
	var policy: RLPolicy = _load("both")
	var actor: Actor = Actor.new()
	actor.space = {"move": MOVE}
	actor.policy_output = "discrete_actions"
	expect_contains(
		"\n".join(RlPolicyFit.get_problems(policy, actor)), '"discrete_actions" was left'
	)
	actor.policy_output = "nobody"
	expect_contains("\n".join(RlPolicyFit.get_problems(policy, actor)), 'no output named "nobody"')
	actor.space = {"turn": TURN, "zap": TURN}
	actor.policy_output = "deterministic_discrete_actions"
	expect_contains("\n".join(RlPolicyFit.get_problems(policy, actor)), "of 5 choices")
	actor.free()


func _load(kind: String) -> RLPolicy:
	var policy: RLPolicy = load("res://%s.onnx" % kind)
	expect_not_null(policy, kind)
	return policy


func _space(kind: String) -> Dictionary:
	if kind == "continuous":
		return {"move": MOVE}
	return DISCRETE if kind == "discrete" else {"move": MOVE, "turn": TURN, "zap": ZAP}


# The first action of an agent that the policy plays.
func _play(actor: Actor, policy: RLPolicy) -> Dictionary:
	add_child(actor)
	var sync: RLSync = RLSync.new()
	sync.policy = policy
	sync.action_repeat = 4
	add_child(sync)
	await wait_until(func() -> bool: return not actor.actions.is_empty())
	expect_true(not actor.is_human(), "the policy plays")
	var action: Dictionary = {} if actor.actions.is_empty() else actor.actions[0]
	sync.free()
	actor.free()
	return action


func _expect_action(
	action: Dictionary, policy: RLPolicy, inputs: Dictionary[String, PackedFloat32Array]
) -> void:
	var outputs: Dictionary[String, PackedFloat32Array] = policy.run(inputs)
	if action.has("move"):
		var means: PackedFloat32Array = outputs["deterministic_continuous_actions"]
		var move: PackedFloat32Array = action["move"]
		expect_all_near(move, means, 1e-6)
	if action.has("turn"):
		var choices: PackedFloat32Array = outputs["deterministic_discrete_actions"]
		expect_eq([action["turn"], action["zap"]], [int(choices[0]), int(choices[1])])
