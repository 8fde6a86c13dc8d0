extends "test_case.gd"
## RLPolicy on networks written down here: running, refusing, compiling again.


func test_dense_network_matches_hand_computed_numbers() -> void:
	var policy: RLPolicy = _policy(_dense_graph(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, -100.0])
	expect_eq(policy.get_problems(), PackedStringArray())
	expect_true(policy.is_valid())
	var output: PackedFloat32Array = policy.run_flat(PackedFloat32Array([1.0, 0.0, -1.0]))
	# obs · [[1, 2], [3, 4], [5, 6]] + [0.5, -100], cut off at zero from below
	_expect_numbers(output, [0.0, 0.0])
	output = policy.run_flat(PackedFloat32Array([1.0, 2.0, 3.0]))
	_expect_numbers(output, [22.5, 0.0])


func test_sizes_leave_out_memory_and_batch() -> void:
	var policy: RLPolicy = _policy(_dense_graph(), PackedFloat32Array(range(8)))
	var inputs: Dictionary[String, int] = {"obs": 3}
	var outputs: Dictionary[String, int] = {"output": 2, "state_outs": 1}
	expect_eq(policy.get_input_sizes(), inputs)
	expect_eq(policy.get_output_sizes(), outputs)


func test_run_returns_all_outputs() -> void:
	var policy: RLPolicy = _policy(_dense_graph(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, -100.0])
	var results: Dictionary[String, PackedFloat32Array] = policy.run(
		{"obs": PackedFloat32Array([1.0, 2.0, 3.0]), "state_ins": PackedFloat32Array([7.0])}
	)
	expect_eq(results.keys() as Array, ["output", "state_outs"] as Array)
	_expect_numbers(results["output"], [22.5, 0.0])
	_expect_numbers(results["state_outs"], [7.0])


func test_a_batch_is_row_after_row() -> void:
	var policy: RLPolicy = _policy(_dense_graph(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, -100.0])
	var rows: PackedFloat32Array = [1.0, 0.0, -1.0, 1.0, 2.0, 3.0, 0.0, 1.0, 20.0]
	var results: Dictionary[String, PackedFloat32Array] = policy.run_batch({"obs": rows}, 3)
	_expect_numbers(results["output"], [0.0, 0.0, 22.5, 0.0, 103.5, 24.0])
	_expect_numbers(results["state_outs"], [0.0, 0.0, 0.0])
	results = policy.run_batch({"obs": rows, "state_ins": PackedFloat32Array([4.0, 5.0, 6.0])}, 3)
	_expect_numbers(results["output"], [0.0, 0.0, 22.5, 0.0, 103.5, 24.0])
	_expect_numbers(results["state_outs"], [4.0, 5.0, 6.0])
	expect_true(policy.run_batch({"obs": rows}, 2).is_empty(), "nine numbers are not two rows")
	expect_eq(policy.get_memory_size(), 0, "state_ins is only passed on")


func test_a_result_may_be_changed_by_the_caller() -> void:
	var policy: RLPolicy = _policy(_dense_graph(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, -100.0])
	var observation: PackedFloat32Array = [1.0, 2.0, 3.0]
	var results: Dictionary[String, PackedFloat32Array] = policy.run({"obs": observation})
	results["output"][0] = 1000.0
	results["state_outs"][0] = 1000.0
	results = policy.run({"obs": observation})
	_expect_numbers(results["output"], [22.5, 0.0])
	_expect_numbers(results["state_outs"], [0.0])
	_expect_numbers(observation, [1.0, 2.0, 3.0])


func test_bad_inputs_give_nothing() -> void:
	var policy: RLPolicy = _policy(_dense_graph(), PackedFloat32Array(range(8)))
	var short: PackedFloat32Array = [1.0, 2.0]
	expect_true(policy.run({"obs": short}).is_empty())
	expect_true(policy.run({"other": short}).is_empty())
	expect_true(policy.run_flat(short).is_empty())
	expect_true(policy.is_valid(), "a bad input says nothing about the policy")


func test_new_weights_count_at_once() -> void:
	var policy: RLPolicy = _policy(_dense_graph(), PackedFloat32Array([1, 1, 1, 1, 1, 1, 0, 0]))
	_expect_numbers(policy.run_flat(PackedFloat32Array([1.0, 1.0, 1.0])), [3.0, 3.0])
	policy.weights = PackedFloat32Array([2, 1, 2, 1, 2, 1, 0, 1])
	_expect_numbers(policy.run_flat(PackedFloat32Array([1.0, 1.0, 1.0])), [6.0, 4.0])


func test_saved_policy_runs_after_loading() -> void:
	var path: String = "user://saved_policy.res"
	var policy: RLPolicy = _policy(_dense_graph(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, -100.0])
	policy.metadata = {"policy": "x"}
	expect_eq(ResourceSaver.save(policy, path), OK)
	var loaded: RLPolicy = ResourceLoader.load(path, "", ResourceLoader.CACHE_MODE_IGNORE)
	_expect_numbers(loaded.run_flat(PackedFloat32Array([1.0, 2.0, 3.0])), [22.5, 0.0])
	expect_eq(loaded.metadata, {"policy": "x"})
	DirAccess.remove_absolute(path)


func test_empty_policy_has_a_problem() -> void:
	var policy: RLPolicy = RLPolicy.new()
	expect_false(policy.is_valid())
	expect_contains(policy.get_problems()[0], "import an .onnx file")
	expect_true(policy.run_flat(PackedFloat32Array([1.0])).is_empty())


func test_unknown_operator_is_named_with_its_node() -> void:
	var graph: Dictionary = _dense_graph()
	var nodes: Array = graph["nodes"]
	var outputs: Array = graph["outputs"]
	nodes.append(_node("Loop", ["obs"], ["r"], {}, "/rnn"))
	expect_true(_policy(graph, PackedFloat32Array(range(8))).is_valid(), "leads to no output")
	outputs.append({"name": "r", "shape": PackedInt64Array([-1, 2])})
	var policy: RLPolicy = _policy(graph, PackedFloat32Array(range(8)))
	expect_true(policy.is_valid(), "leads to an output that can be left out")
	expect_contains(policy.get_left_out_outputs()["r"], 'operator Loop (node "/rnn")')
	expect_false(policy.get_output_sizes().has("r"))
	outputs.remove_at(0)
	var problems: PackedStringArray = _policy(graph, PackedFloat32Array(range(8))).get_problems()
	expect_eq(problems.size(), 1)
	expect_contains(problems[0], 'operator Loop (node "/rnn") is not supported')


func test_unknown_attribute_is_named() -> void:
	var graph: Dictionary = _dense_graph()
	graph["nodes"][0]["attributes"]["fancy"] = 1
	var problems: PackedStringArray = _policy(graph, PackedFloat32Array(range(8))).get_problems()
	expect_contains(problems[0], "Gemm")
	expect_contains(problems[0], '"fancy"')


func test_fixed_batch_and_unknown_size_are_refused() -> void:
	var graph: Dictionary = _dense_graph()
	graph["inputs"][0]["shape"] = PackedInt64Array([4, 3])
	var policy: RLPolicy = _policy(graph, PackedFloat32Array(range(8)))
	expect_contains(policy.get_problems()[0], "batches of 4")
	graph["inputs"][0]["shape"] = PackedInt64Array([-1, -1])
	policy = _policy(graph, PackedFloat32Array(range(8)))
	expect_contains(policy.get_problems()[0], 'input "obs" has no fixed size along axis 1')


func test_old_operator_set_is_refused() -> void:
	var graph: Dictionary = _dense_graph()
	graph["opset"] = 6
	var policy: RLPolicy = _policy(graph, PackedFloat32Array(range(8)))
	expect_contains(policy.get_problems()[0], "operator set 6 is too old")


# obs [3] → Gemm → Relu → output [2]; state_ins → state_outs.
func _dense_graph() -> Dictionary:
	return {
		"format": 1,
		"opset": 17,
		"inputs":
		[
			{"name": "obs", "shape": PackedInt64Array([-1, 3])},
			{"name": "state_ins", "shape": PackedInt64Array([-1])},
		],
		"outputs": [{"name": "output", "shape": []}, {"name": "state_outs", "shape": []}],
		"nodes":
		[
			_node("Gemm", ["obs", "w", "b"], ["h"], {"transB": 0}, "/layer"),
			_node("Relu", ["h"], ["output"]),
			_node("Identity", ["state_ins"], ["state_outs"]),
		],
		"tensors":
		{
			"w": {"shape": PackedInt64Array([3, 2]), "offset": 0},
			"b": {"shape": PackedInt64Array([2]), "offset": 6},
		},
	}


func _node(
	op: String,
	inputs: PackedStringArray,
	outputs: PackedStringArray,
	attributes: Dictionary = {},
	node_name: String = ""
) -> Dictionary:
	return {
		"op": op,
		"name": node_name,
		"inputs": inputs,
		"outputs": outputs,
		"attributes": attributes,
	}


func _policy(graph: Dictionary, weights: PackedFloat32Array) -> RLPolicy:
	var policy: RLPolicy = RLPolicy.new()
	policy.graph = graph
	policy.weights = weights
	return policy


func _expect_numbers(actual: PackedFloat32Array, expected: Array) -> void:
	expect_all_near(Array(actual), expected)
