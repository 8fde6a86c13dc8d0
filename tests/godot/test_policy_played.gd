extends "test_case.gd"
## Policies that the editor plays a scene with: they win over the policies and modes of the agents
## that have their names, and over nobody else's.

const RlCrew := preload("res://addons/rl_studio/runtime/crew.gd")
const RlPilot := preload("res://addons/rl_studio/runtime/pilot.gd")
const RlPlayedPolicies := preload("res://addons/rl_studio/runtime/played_policies.gd")

const FILE: String = "user://played_cat.tres"


func test_a_played_policy_wins() -> void:
	var policy: RLPolicy = RLPolicy.new()
	policy.metadata = {"policy": "cat"}
	expect_eq(ResourceSaver.save(policy, FILE), OK)
	OS.set_environment(RlPlayedPolicies.VARIABLE, JSON.stringify({"cat": FILE}))
	var cat: RLAgent = _add_agent("cat")
	var bird: RLAgent = _add_agent("bird")
	var crew: RlCrew = RlCrew.new()
	crew.sign_up(get_tree())
	OS.unset_environment(RlPlayedPolicies.VARIABLE)
	crew.settle(RLAgent.Mode.TRAINING, null, true, 8, false)
	var trained: Array = crew.trainees.map(
		func(pilot: RlPilot) -> RLAgent: return pilot.get_agent()
	)
	expect_false(cat in trained, "no trainer gets it")
	expect_true(bird in trained)
	for pilot: RlPilot in crew.pilots:
		pilot.settle(RLAgent.Mode.HUMAN, null, false)
	expect_eq(cat.controlled_by, RLAgent.Mode.POLICY)
	expect_eq(bird.controlled_by, RLAgent.Mode.HUMAN)
	expect_eq(crew.pilots[0].policy.resource_path, FILE)
	DirAccess.remove_absolute(FILE)


func _add_agent(policy_name: String) -> RLAgent:
	var agent: RLAgent = RLAgent.new()
	agent.policy_name = policy_name
	add_child(agent)
	return agent
