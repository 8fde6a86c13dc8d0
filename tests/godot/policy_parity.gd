extends SceneTree
## Runs networks on recorded observations: the Godot half of test_policy_parity.py. Reads the cases
## from the file given with --cases=, writes the outputs beside the observations.

const RlOnnxLoader := preload("res://addons/rl_studio/import/onnx_loader.gd")
const RlOperators := preload("res://addons/rl_studio/runtime/policy/operators.gd")


func _initialize() -> void:
	var cases_path: String = ""
	for argument: String in OS.get_cmdline_user_args():
		cases_path = argument.trim_prefix("--cases=")
	var cases: Array = JSON.parse_string(FileAccess.get_file_as_string(cases_path))
	var report: Dictionary = {}
	for case: Dictionary in cases:
		report[case["name"]] = _run_case(case)
	_write_text(cases_path + ".report", JSON.stringify(report))
	_write_text(cases_path + ".operators", "\n".join(RlOperators.names()))
	quit()


func _run_case(case: Dictionary) -> Dictionary:
	var model: String = case["model"]
	var policy: RLPolicy = null
	if model.begins_with("res://"):
		policy = load(model)  # as imported
	else:
		var loader: RlOnnxLoader = RlOnnxLoader.new()
		loader.load_file(model)
		policy = loader.policy
		if policy == null:
			return {"problem": loader.problem}
	_run_rows(policy, case)
	return {
		"problem": "",
		"chain": policy._get_plan().chain != null,
		"inputs": policy.get_input_sizes(),
		"outputs": policy.get_output_sizes(),
	}


func _run_rows(policy: RLPolicy, case: Dictionary) -> void:
	var sizes: Dictionary = case["inputs"]
	var data_path: String = case["data"]
	var numbers: PackedFloat32Array = FileAccess.get_file_as_bytes(data_path).to_float32_array()
	var outputs: PackedFloat32Array = PackedFloat32Array()
	var flat_outputs: PackedFloat32Array = PackedFloat32Array()
	var all_inputs: Dictionary[String, PackedFloat32Array] = {}
	for key: String in sizes:
		all_inputs[key] = PackedFloat32Array()
	var position: int = 0
	var rows: int = 0
	while position < numbers.size():
		var inputs: Dictionary[String, PackedFloat32Array] = {}
		for key: String in sizes:
			var size: int = sizes[key]
			inputs[key] = numbers.slice(position, position + size)
			all_inputs[key].append_array(inputs[key])
			position += size
		outputs.append_array(policy.run(inputs)["output"])
		if sizes.size() == 1:
			var observation: PackedFloat32Array = inputs.values()[0]
			flat_outputs.append_array(policy.run_flat(observation))
		rows += 1
	var together: Dictionary[String, PackedFloat32Array] = policy.run_batch(all_inputs, rows)
	var memory: PackedFloat32Array = together.get("state_outs", PackedFloat32Array())
	_write(data_path + ".output", outputs)
	_write(data_path + ".flat", flat_outputs)
	_write(data_path + ".batch", together["output"])
	_write(data_path + ".memory", memory)


func _write(path: String, numbers: PackedFloat32Array) -> void:
	var file: FileAccess = FileAccess.open(path, FileAccess.WRITE)
	file.store_buffer(numbers.to_byte_array())
	file.close()


func _write_text(path: String, text: String) -> void:
	var file: FileAccess = FileAccess.open(path, FileAccess.WRITE)
	file.store_string(text)
	file.close()
