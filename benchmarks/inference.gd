extends SceneTree
## Times policies for inference.py: reads the jobs from the file given with --jobs=, prints one line
## of JSON that starts with @RESULT.

const OnnxLoader := preload("res://addons/rl_studio/import/onnx_loader.gd")

const MEMORY: String = "state_ins"
const SAVED: String = "user://imported.res"

var _runs: int


func _initialize() -> void:
	var path: String = ""
	for argument: String in OS.get_cmdline_user_args():
		path = argument.trim_prefix("--jobs=")
	var document: Dictionary = JSON.parse_string(FileAccess.get_file_as_string(path))
	_runs = document["runs"]
	var results: Array[Dictionary] = []
	for job: Dictionary in document["jobs"]:
		results.append(_time_job(job))
	print("@RESULT ", JSON.stringify(results))
	quit()


func _time_job(job: Dictionary) -> Dictionary:
	var loader: OnnxLoader = OnnxLoader.new()
	var model: String = job["model"]
	loader.load_file(model)
	var policy: RLPolicy = loader.policy
	var numbers: Array = job["observations"]
	var observations: PackedFloat32Array = PackedFloat32Array(numbers)
	var agents: int = job["agents"]
	var layers: Array = job["layers"]
	var methods: Dictionary[String, Callable] = {}
	var output: PackedFloat32Array
	if policy.get_memory_size() > 0 or agents > 1:
		output = _batch(policy, observations, agents)
		methods["batch"] = _batch.bind(policy, observations, agents)
	else:
		output = policy.run_flat(observations)
		var size: int = output.size()
		var space: Dictionary = {"move": {"action_type": "continuous", "size": size}}
		methods["decision"] = func() -> void:
			policy.decode_action(policy.run_flat(observations), space)
	if job["imports"]:
		methods["import"] = _import.bind(model)
	var result: Dictionary = {"name": job["name"], "output": Array(output)}
	if not layers.is_empty():
		var naive: NaiveNetwork = NaiveNetwork.new(layers)
		methods["naive loop"] = func() -> void: naive.run(observations)
		result["naive"] = naive.run(observations)
	result["times"] = _time_all(methods)
	return result


# Microseconds per call by method, run by run; methods take turns.
func _time_all(methods: Dictionary[String, Callable]) -> Dictionary:
	var repeats: Dictionary[String, int] = {}
	var times: Dictionary = {}
	for method: String in methods:
		# As short as a slice of time that the system gives a process.
		repeats[method] = clampi(int(3000.0 / _time(methods[method], 1)), 1, 100)
		times[method] = []
	for run: int in _runs:
		for method: String in methods:
			var timings: Array = times[method]
			timings.append(_time(methods[method], repeats[method]))
	return times


# Microseconds per call.
func _time(method: Callable, repeats: int) -> float:
	var start: int = Time.get_ticks_usec()
	for repeat: int in repeats:
		method.call()
	return maxf(float(Time.get_ticks_usec() - start) / repeats, 0.1)


func _batch(policy: RLPolicy, observations: PackedFloat32Array, agents: int) -> PackedFloat32Array:
	var inputs: Dictionary[String, PackedFloat32Array] = {"obs": observations}
	if policy.get_memory_size() > 0:
		var memory: PackedFloat32Array = PackedFloat32Array()
		memory.resize(agents * policy.get_memory_size())
		memory.fill(0.25)
		inputs[MEMORY] = memory
	return policy.run_batch(inputs, agents)["output"]


# What the importer does with a file.
func _import(model: String) -> void:
	var loader: OnnxLoader = OnnxLoader.new()
	loader.load_file(model)
	ResourceSaver.save(loader.policy, SAVED)


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
