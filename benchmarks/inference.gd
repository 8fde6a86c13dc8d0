extends SceneTree
## Times policies for inference.py: reads the jobs from the file given with --jobs=, prints one line
## of JSON that starts with @RESULT.

const OnnxLoader := preload("res://addons/rl_studio/import/onnx_loader.gd")


func _initialize() -> void:
	var path: String = ""
	for argument: String in OS.get_cmdline_user_args():
		path = argument.trim_prefix("--jobs=")
	var document: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(path))
	var decisions: int = document["decisions"]
	var runs: int = document["runs"]
	var results: Array[Dictionary] = []
	for job: Dictionary in document["jobs"]:
		results.append(_time_job(job, runs, decisions))
	print("@RESULT ", JSON.stringify(results))
	quit()


func _time_job(job: Dictionary, runs: int, decisions: int) -> Dictionary:
	var loader: OnnxLoader = OnnxLoader.new()
	var model: String = job["model"]
	loader.load_file(model)
	var policy: RLPolicy = loader.policy
	var numbers: Array = job["observation"]
	var observation: PackedFloat32Array = PackedFloat32Array(numbers)
	var inputs: Dictionary[String, PackedFloat32Array] = {"obs": observation}
	var size: int = policy.get_output_sizes()["output"]
	var space: Dictionary = {"move": {"action_type": "continuous", "size": size}}
	var naive: NaiveNetwork = NaiveNetwork.new(job["layers"])
	var methods: Dictionary[String, Callable] = {
		"naive loop": func() -> void: naive.run(observation),
		"run_flat": func() -> void: policy.run_flat(observation),
		"decision": func() -> void: policy.decode_action(policy.run_flat(observation), space),
		"run": func() -> void: policy.run(inputs),
	}
	var times: Dictionary = {}
	for run: int in runs:
		for method: String in methods:
			if not times.has(method):
				times[method] = []
			var timings: Array = times[method]
			timings.append(_time(methods[method], decisions))
	var output: Array = Array(policy.run_flat(observation))
	return {"name": job["name"], "times": times, "output": output, "naive": naive.run(observation)}


# Microseconds per call.
func _time(method: Callable, decisions: int) -> float:
	var start: int = Time.get_ticks_usec()
	for decision: int in decisions:
		method.call()
	return float(Time.get_ticks_usec() - start) / decisions


## What a game would write without thinking about speed: loops over numbers.
class NaiveNetwork:
	extends RefCounted

	var _weights: Array[PackedFloat32Array] = []
	var _biases: Array[PackedFloat32Array] = []

	func _init(layers: Array) -> void:
		for layer: Dictionary in layers:
			var weights: Array = layer["weights"]
			var bias: Array = layer["bias"]
			_weights.append(PackedFloat32Array(weights))
			_biases.append(PackedFloat32Array(bias))

	func run(observation: PackedFloat32Array) -> Array[float]:
		var values: Array[float] = []
		values.assign(Array(observation))
		for layer: int in _weights.size():
			var weights: PackedFloat32Array = _weights[layer]
			var outputs: Array[float] = []
			for output: int in _biases[layer].size():
				var sum: float = _biases[layer][output]
				for input: int in values.size():
					sum += weights[output * values.size() + input] * values[input]
				outputs.append(sum if layer == _weights.size() - 1 else tanh(sum))
			values = outputs
		return values
