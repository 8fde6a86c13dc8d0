extends SceneTree
## Loads files that want to do harm, and runs what loads: the Godot half of test_policy_hostile.py.
## Takes the folder of the files; writes what came of each to report.json in it.

const RlOnnxLoader := preload("res://addons/rl_studio/import/onnx_loader.gd")
const RlPolicyFacts := preload("res://addons/rl_studio/core/policy_facts.gd")
const RlPolicyFit := preload("res://addons/rl_studio/runtime/policy_fit.gd")
const RlProofText := preload("res://addons/rl_studio/core/proof_text.gd")

const ACTIONS: Dictionary = {"move": {"action_type": "discrete", "size": 5}}


func _initialize() -> void:
	var folder: String = OS.get_cmdline_user_args()[0]
	var report: Dictionary = {}
	for file: String in DirAccess.get_files_at(folder):
		if file.get_extension() != "onnx":
			continue
		print("case ", file)
		var start: int = Time.get_ticks_msec()
		var loader: RlOnnxLoader = RlOnnxLoader.new()
		loader.load_file(folder.path_join(file))
		var entry: Dictionary = {"problem": loader.problem, "ms": Time.get_ticks_msec() - start}
		if loader.policy != null:
			entry["left_out"] = loader.policy.get_left_out_outputs()
			entry["outputs"] = loader.policy.get_output_sizes()
			entry["ran"] = _has_run(loader.policy)
			_look_at(loader.policy)
		report[file.get_basename()] = entry
	var written: FileAccess = FileAccess.open(folder.path_join("report.json"), FileAccess.WRITE)
	written.store_string(JSON.stringify(report))
	written.close()
	quit()


# As the inspector and the game do: nothing of the metadata may be an error.
func _look_at(policy: RLPolicy) -> void:
	var facts: RlPolicyFacts = RlPolicyFacts.new(policy)
	facts.verdict()
	facts.origin()
	facts.network(0)
	facts.versions()
	facts.is_proven()
	RlProofText.describe(facts.proof())
	RlProofText.details(facts.proof())
	var space: Variant = policy.metadata.get("action_space")
	var told: Dictionary = space if space is Dictionary else {}
	for actions: Dictionary in [ACTIONS, told]:
		RlPolicyFit.find_input_problems(policy, {"obs": PackedInt32Array([4])})
		RlPolicyFit.find_action_problems(policy, actions)


# Whether all outputs come for one row and for three.
func _has_run(policy: RLPolicy) -> bool:
	for rows: int in [1, 3]:
		var inputs: Dictionary[String, PackedFloat32Array] = {}
		var sizes: Dictionary[String, int] = policy.get_input_sizes()
		for input: String in sizes:
			var numbers: PackedFloat32Array = []
			numbers.resize(sizes[input] * rows)
			numbers.fill(0.5)
			inputs[input] = numbers
		var outputs: Dictionary[String, PackedFloat32Array] = policy.run_batch(inputs, rows)
		for output: String in policy.get_output_sizes():
			var width: int = policy.get_output_sizes()[output]
			if not outputs.has(output) or outputs[output].size() != width * rows:
				return false
	return true
