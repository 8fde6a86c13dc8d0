extends SceneTree
## Runs a policy on recorded observations: the Godot half of an export's proof. A Python script
## starts it in a project of its own, with [code]--job=[/code] and the path of a JSON file:
## [codeblock]
## {"model": path, "inputs": {name: {"file": path, "size": numbers of one row}},
##  "turns": [rows, …], "memory": bool, "single": bool, "folder": path}
## [/codeblock]
## All files hold float32, row after row. Each turn takes so many rows more; with a memory, its rows
## go on with what the first rows of the turn before left. With [code]single[/code] rows are run one
## by one, as for an only agent. Outputs are written as [code]folder/output-N.f32[/code], then
## [code]folder/report.json[/code] with [code]{"problem", "outputs": [name, …]}[/code].

const RlOnnxLoader := preload("onnx_loader.gd")
const RlPlan := preload("../runtime/policy/plan.gd")

const ARGUMENT: String = "--job="

var _policy: RLPolicy
var _is_single: bool = false


func _initialize() -> void:
	var path: String = ""
	for argument: String in OS.get_cmdline_user_args():
		path = argument.trim_prefix(ARGUMENT)
	var job: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(path))
	var folder: String = job["folder"]
	var report: Dictionary = _run_job(job, folder)
	_write(folder.path_join("report.json"), JSON.stringify(report).to_utf8_buffer())
	quit()


func _run_job(job: Dictionary, folder: String) -> Dictionary:
	var loader: RlOnnxLoader = RlOnnxLoader.new()
	var model: String = job["model"]
	loader.load_file(model)
	if loader.policy == null:
		return {"problem": loader.problem}
	_policy = loader.policy
	_is_single = job["single"]
	var outputs: Dictionary[String, PackedByteArray] = _run_turns(job)
	if outputs.is_empty():
		return {"problem": ""}  # the policy refused its inputs and printed why
	for output: String in outputs:
		var number: int = outputs.keys().find(output)
		_write(folder.path_join("output-%d.f32" % number), outputs[output])
	return {"problem": "", "outputs": outputs.keys()}


# Nothing if the policy refuses its inputs.
func _run_turns(job: Dictionary) -> Dictionary[String, PackedByteArray]:
	var has_memory: bool = job["memory"]
	var memory: int = _policy.get_output_sizes().get(RlPlan.STATE_OUTPUT, 0)
	var described: Dictionary = job["inputs"]
	var rows: Dictionary[String, PackedFloat32Array] = _read_inputs(described)
	var state: PackedFloat32Array = PackedFloat32Array()
	var outputs: Dictionary[String, PackedByteArray] = {}
	var start: int = 0
	for turn: float in job["turns"]:
		var count: int = int(turn)
		var inputs: Dictionary[String, PackedFloat32Array] = _slice(described, rows, start, count)
		if has_memory and start > 0:
			inputs[RlPlan.STATE_INPUT] = state.slice(0, count * memory)
		var told: Dictionary[String, PackedFloat32Array] = _run(inputs, count)
		if told.is_empty():
			return {}
		for output: String in told:
			if not outputs.has(output):
				outputs[output] = PackedByteArray()
			outputs[output].append_array(told[output].to_byte_array())
		state = told.get(RlPlan.STATE_OUTPUT, PackedFloat32Array())
		start += count
	return outputs


func _run(
	inputs: Dictionary[String, PackedFloat32Array], count: int
) -> Dictionary[String, PackedFloat32Array]:
	if not _is_single:
		return _policy.run_batch(inputs, count)
	var outputs: Dictionary[String, PackedFloat32Array] = {}
	for row: int in count:
		var one: Dictionary[String, PackedFloat32Array] = {}
		for input: String in inputs:
			var size: int = floori(inputs[input].size() / float(count))
			one[input] = inputs[input].slice(row * size, (row + 1) * size)
		var told: Dictionary[String, PackedFloat32Array] = _policy.run(one)
		if told.is_empty():
			return {}
		if one.size() == 1 and told.has("output"):
			var observation: PackedFloat32Array = one.values()[0]
			told["output"] = _policy.run_flat(observation)  # the way of its own that games go
		for output: String in told:
			if not outputs.has(output):
				outputs[output] = PackedFloat32Array()
			outputs[output].append_array(told[output])
	return outputs


func _read_inputs(described: Dictionary) -> Dictionary[String, PackedFloat32Array]:
	var rows: Dictionary[String, PackedFloat32Array] = {}
	for input: String in described:
		var path: String = described[input]["file"]
		rows[input] = FileAccess.get_file_as_bytes(path).to_float32_array()
	return rows


func _slice(
	described: Dictionary, rows: Dictionary[String, PackedFloat32Array], start: int, count: int
) -> Dictionary[String, PackedFloat32Array]:
	var inputs: Dictionary[String, PackedFloat32Array] = {}
	for input: String in described:
		var size: int = described[input]["size"]
		inputs[input] = rows[input].slice(start * size, (start + count) * size)
	return inputs


func _write(path: String, bytes: PackedByteArray) -> void:
	var file: FileAccess = FileAccess.open(path, FileAccess.WRITE)
	if file == null:
		push_error(
			(
				"RL Studio: %s cannot be written: %s"
				% [path, error_string(FileAccess.get_open_error())]
			)
		)
		return
	file.store_buffer(bytes)
	file.close()
