@tool
extends Node
## Measures how long a policy takes for a decision on this machine, a little in each frame so that
## the editor stays smooth.

## [param single_us]: one agent, observation in to action out. [param shared_us]: an agent's share
## when [param crowd] agents decide together; NAN if that takes too long to try. Medians, in
## microseconds.
signal measured(single_us: float, shared_us: float, crowd: int)

const RlPolicyFit := preload("../runtime/policy_fit.gd")

const LARGEST_CROWD: int = 128
## A crowd may take this long; it is made smaller for slow policies.
const CROWD_US: float = 8000.0
## How long one measurement shall take, so that the clock's own steps do not count.
const SAMPLE_US: int = 1000
## What is measured in a frame, unless a single decision takes longer.
const FRAME_US: int = 4000
const SAMPLES: int = 40
const FEWEST_SAMPLES: int = 3
## After this the samples that there are must do, for each of both.
const PATIENCE_US: int = 400_000

var _policy: RLPolicy
var _inputs: Dictionary[String, PackedFloat32Array] = {}
## The only observation of a policy without memory, which runs fastest; else empty.
var _flat: PackedFloat32Array = []
var _action_space: Dictionary = {}
var _crowd: int = 0
var _crowd_inputs: Dictionary[String, PackedFloat32Array] = {}
var _singles: PackedFloat64Array = []
var _shared: PackedFloat64Array = []
var _spent_us: int = 0


func _init() -> void:
	set_process(false)


## Measures [param policy], which has to be valid; a measurement that goes on is forgotten. Returns
## false if it does not run.
func measure(policy: RLPolicy) -> bool:
	_policy = policy
	_inputs = _make_inputs()
	_flat = PackedFloat32Array()
	if _inputs.size() == 1 and policy.get_output_sizes().has(RlPolicyFit.OUTPUT):
		_flat = _inputs.values()[0]
	var space: Variant = policy.metadata.get("action_space")
	_action_space = space if space is Dictionary else {}
	if not RlPolicyFit.find_action_problems(policy, _action_space).is_empty():
		_action_space = {}
	_crowd = 0
	_singles = []
	_shared = []
	_spent_us = 0
	set_process(not policy.run(_inputs).is_empty())
	return is_processing()


## Forgets the measurement that goes on.
func stop() -> void:
	set_process(false)


func _process(_delta: float) -> void:
	var frame_end: int = Time.get_ticks_usec() + FRAME_US
	while Time.get_ticks_usec() < frame_end:
		if not _is_enough(_singles):
			_take(_singles, _decide)
		elif _crowd == 0:
			_gather()
		elif _crowd > 1 and not _is_enough(_shared):
			_take(_shared, _decide_together)
		else:
			_finish()
			return


## Repeats [param work] for about [constant SAMPLE_US]; keeps microseconds per time.
func _take(samples: PackedFloat64Array, work: Callable) -> void:
	var count: int = 0
	var start: int = Time.get_ticks_usec()
	var passed: int = 0
	while passed < SAMPLE_US:
		work.call()
		count += 1
		passed = Time.get_ticks_usec() - start
	samples.append(float(passed) / count)
	_spent_us += passed


func _decide() -> void:
	var output: PackedFloat32Array
	if _flat.is_empty():
		output = _policy.run(_inputs).get(RlPolicyFit.OUTPUT, PackedFloat32Array())
	else:
		output = _policy.run_flat(_flat)
	if not _action_space.is_empty():
		_policy.decode_action(output, _action_space)


func _decide_together() -> void:
	_policy.run_batch(_crowd_inputs, _crowd)


func _gather() -> void:
	_spent_us = 0
	_crowd = clampi(floori(CROWD_US / _median(_singles)), 1, LARGEST_CROWD)
	_crowd_inputs = {}
	for input: String in _inputs:
		var rows: PackedFloat32Array = []
		for _row: int in _crowd:
			rows.append_array(_inputs[input])
		_crowd_inputs[input] = rows


func _finish() -> void:
	set_process(false)
	var shared: float = _median(_shared) / _crowd if not _shared.is_empty() else NAN
	measured.emit(_median(_singles), shared, _crowd)


func _is_enough(samples: PackedFloat64Array) -> bool:
	if samples.size() >= SAMPLES:
		return true
	return samples.size() >= FEWEST_SAMPLES and _spent_us >= PATIENCE_US


func _make_inputs() -> Dictionary[String, PackedFloat32Array]:
	var rng: RandomNumberGenerator = RandomNumberGenerator.new()
	rng.seed = 0
	var sizes: Dictionary[String, int] = _policy.get_input_sizes()
	if _policy.get_memory_size() > 0:
		sizes["state_ins"] = _policy.get_memory_size()
	var inputs: Dictionary[String, PackedFloat32Array] = {}
	for input: String in sizes:
		var numbers: PackedFloat32Array = []
		for _index: int in sizes[input]:
			numbers.append(rng.randf_range(-1.0, 1.0))
		inputs[input] = numbers
	return inputs


func _median(samples: PackedFloat64Array) -> float:
	var sorted: PackedFloat64Array = samples.duplicate()
	sorted.sort()
	return sorted[sorted.size() >> 1]
