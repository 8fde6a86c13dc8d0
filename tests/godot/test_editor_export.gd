extends "test_case.gd"
## What the Export dock and the inspector know: the choice of an export, where its files go, and its
## proof in words.

const RlExportState := preload("res://addons/rl_studio/core/export_state.gd")
const RlExportTarget := preload("res://addons/rl_studio/core/export_target.gd")
const RlPolicyFacts := preload("res://addons/rl_studio/core/policy_facts.gd")
const RlProblem := preload("res://addons/rl_studio/core/problem.gd")
const RlProofText := preload("res://addons/rl_studio/core/proof_text.gd")

const CAT: String = "res://policies/cat.onnx"


func test_the_best_checkpoint_is_chosen_unless_another_one_is() -> void:
	var state: RlExportState = _state()
	expect_eq(state.checkpoint()["timesteps"], 200)
	state.choose_checkpoint(300)
	expect_eq(state.checkpoint()["timesteps"], 300)
	state.choose_run("r2")
	expect_true(state.checkpoint().is_empty(), "nothing is known of another run")
	state.set_checkpoints([{"timesteps": 20}, {"timesteps": 10}])
	expect_eq(state.checkpoint()["timesteps"], 20, "the newest, if none is the best")


func test_policies_can_be_left_out() -> void:
	var state: RlExportState = _state()
	expect_eq(state.chosen_policies(), PackedStringArray(["cat", "dog"]))
	state.choose_policy("dog", false)
	expect_eq(state.chosen_policies(), PackedStringArray(["cat"]))
	state.choose_policy("dog", true)
	expect_eq(state.chosen_policies(), PackedStringArray(["cat", "dog"]))


func test_files_are_imported_when_all_of_them_are() -> void:
	var state: RlExportState = _state()
	state.begin()
	var files: Array = [{"policy": "cat", "path": CAT}, {"policy": "dog", "path": "res://dog.onnx"}]
	state.finish({"files": files})
	expect_eq(state.exported_files()["cat"], CAT)
	state.mark_imported(CAT)
	expect_false(state.is_imported(), "one is missing")
	state.mark_imported("res://dog.onnx", "it has no nodes")
	expect_false(state.is_imported(), "and cannot be loaded")
	expect_eq(state.refusals(), "it has no nodes")
	state.mark_imported("res://dog.onnx")
	expect_true(state.is_imported())
	state.begin()
	expect_true(state.exported_files().is_empty(), "the next export has no files yet")


func test_the_end_of_an_export_belongs_to_its_run() -> void:
	var state: RlExportState = _state()
	state.begin()
	state.choose_run("r2")
	expect_eq(state.phase, RlExportState.RlPhase.RUNNING, "it goes on")
	state.finish({"run": "r1", "files": [{"policy": "cat", "path": CAT}]})
	expect_eq(state.exported_run(), "r1")
	state.choose_run("r1")
	expect_eq(state.phase, RlExportState.RlPhase.IDLE)
	expect_true(state.exported_files().is_empty(), "nothing of it stays")


func test_a_new_run_takes_nothing_from_the_user() -> void:
	var state: RlExportState = RlExportState.new()
	expect_true(state.is_to_follow("r1", false), "where nothing is shown")
	state.choose_run("r1")
	expect_false(state.is_to_follow("r1", true), "it is shown")
	expect_false(state.is_to_follow("r2", false), "nothing of it can be exported yet")
	expect_true(state.is_to_follow("r2", true))
	state.finish({"run": "r1", "files": [{"policy": "cat", "path": CAT}]})
	expect_false(state.is_to_follow("r2", true), "what was exported is shown")
	state.choose_run("r3")
	expect_true(state.is_to_follow("r2", true))
	state.choose_checkpoint(100)
	expect_false(state.is_to_follow("r2", true), "a checkpoint is chosen")
	state.choose_run("r4")
	state.is_run_chosen = true
	expect_false(state.is_to_follow("r2", true), "the run is chosen")


func test_a_cancelled_export_is_no_failure() -> void:
	var state: RlExportState = _state()
	state.begin()
	state.cancel()
	expect_true(state.is_cancelling)
	state.give_up()
	expect_eq(state.phase, RlExportState.RlPhase.IDLE)
	expect_true(state.message.begins_with("Cancelled"))
	state.choose_run("r2")
	expect_eq(state.message, "", "that was another run")
	state.begin()
	state.finish({}, RlProblem.new("too different"))
	expect_eq(state.phase, RlExportState.RlPhase.FAILED)


func test_several_policies_need_a_file_each() -> void:
	expect_eq(RlExportTarget.propose(["cat"]), CAT)
	expect_eq(RlExportTarget.propose(["a/b:c"]), "res://policies/a_b_c.onnx")
	var path: String = RlExportTarget.propose(["cat", "dog"])
	expect_eq(path, "res://policies/{policy}.onnx")
	expect_eq(RlExportTarget.problem(path, ["cat", "dog"]), "")
	expect_eq(RlExportTarget.files(path, ["cat"]), PackedStringArray([CAT]))
	expect_true("{policy}" in RlExportTarget.problem(CAT, ["cat", "dog"]))
	expect_true("res://" in RlExportTarget.problem("C:/cat.onnx", ["cat"]))
	expect_true("res://" in RlExportTarget.problem("res://cat.pt", ["cat"]))
	expect_eq(RlExportTarget.problem(path, []), "Choose a policy.")
	var same: String = RlExportTarget.problem(path, ["a/b", "A:b"])
	expect_eq(same, "a/b and A:b would be the same file.")


func test_a_proof_is_told_in_words() -> void:
	var told: String = RlProofText.describe(_proof(5e-7))
	var numbers: String = "Verified: PyTorch, ONNX Runtime and Godot 4.6.3 agree within 5e-7"
	numbers += " (allowed: 1e-5) on 1200 observations of the run."
	expect_eq(told, numbers + "\nAll 1200 chosen actions are the same.")
	var proof: Dictionary = _proof(0.0)
	proof["sequences"] = 16
	proof["sequence_length"] = 64
	proof["godot"] = null
	told = RlProofText.describe(proof)
	expect_true("PyTorch and ONNX Runtime agree within 2.5e-7" in told, told)
	expect_true("on 16 sequences of 64 decisions" in told, told)
	expect_eq(RlProofText.describe({}), "")


func test_several_proofs_are_told_as_one() -> void:
	var merged: Dictionary = RlProofText.merge([_proof(5e-7), _proof(3e-6)])
	expect_near(RlProofText.largest_difference(merged), 3e-6)
	var told: String = RlProofText.describe(merged)
	expect_true("on 1200 observations" in told and "All 2400 chosen actions" in told, told)


func test_a_failed_proof_names_what_differs() -> void:
	var data: Dictionary = {
		"differences": {"output": 0.02, "log_std": null}, "different_actions": 3
	}
	var lines: PackedStringArray = ["output differs by 2e-2", "log_std is not a number"]
	lines.append("3 actions differ")
	expect_eq(RlProofText.describe_failure(data), lines)


func test_policies_of_other_tools_are_told_apart() -> void:
	var policy: RLPolicy = _policy()
	var facts: RlPolicyFacts = RlPolicyFacts.new(policy)
	expect_eq(facts.verdict(), "Made by another tool: not proven")
	expect_true(facts.origin().is_empty())
	policy.metadata = {
		"policy": "cat",
		"run": "r1",
		"timesteps": 20000,
		"trainer": "sb3",
		"algorithm": "ppo",
		"proof": _proof(5e-7),
		"action_space": {"jump": {"action_type": "discrete", "size": 2.0}},
		"distribution": "categorical",
	}
	facts = RlPolicyFacts.new(policy)
	expect_eq(facts.verdict(), "Proven")
	expect_eq(facts.origin()["Trained"], "20k steps")
	expect_eq(facts.origin()["Algorithm"], "ppo, sb3")
	var network: Dictionary[String, String] = facts.network(2600)
	expect_eq(network["Inputs"], "obs: 2 numbers")
	expect_eq(network["Outputs"], "output: 2 numbers")
	expect_eq(network["Actions"], "jump: 2 choices\ndrawn in training: by their logits")
	expect_eq(network["Operators"], "Tanh")
	expect_eq(network["Size"], "2.6 kB")
	policy.graph = {}
	expect_eq(RlPolicyFacts.new(policy).verdict(), "Cannot run")


func _state() -> RlExportState:
	var state: RlExportState = RlExportState.new()
	state.choose_run("r1")
	var list: Array[Dictionary] = []
	for timesteps: int in [300, 200, 100]:
		var best: bool = timesteps == 200
		list.append({"timesteps": timesteps, "best": best, "policies": ["cat", "dog"]})
	state.set_checkpoints(list)
	return state


func _proof(difference: float) -> Dictionary:
	return {
		"observations": 1200,
		"source": "run",
		"tolerance": 1e-5,
		"onnxruntime": {"output": 2.5e-7},
		"godot": {"output": difference},
		"godot_version": "4.6.3.stable.debian4.6.3+ds-2",
		"actions": {"compared": 1200, "different": 0},
	}


func _policy() -> RLPolicy:
	var policy: RLPolicy = RLPolicy.new()
	var node: Dictionary = {"op": "Tanh", "name": "", "domain": "", "attributes": {}}
	node["inputs"] = PackedStringArray(["obs"])
	node["outputs"] = PackedStringArray(["output"])
	policy.graph = {
		"format": 1,
		"opset": 17,
		"inputs": [{"name": "obs", "shape": PackedInt64Array([-1, 2])}],
		"outputs": [{"name": "output", "shape": []}],
		"nodes": [node],
		"tensors": {},
	}
	return policy
