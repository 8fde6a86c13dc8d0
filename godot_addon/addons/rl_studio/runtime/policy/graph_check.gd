@tool
extends RefCounted
## What can be said of a stored graph before anything of it is computed.

const RlLimits := preload("limits.gd")

const OLDEST_OPSET: int = 7
const NEWEST_OPSET: int = 26


## Why nothing of [param graph] can be used; "" if something may.
static func find_problem(graph: Dictionary) -> String:
	if graph.is_empty():
		return "the policy is empty: import an .onnx file"
	var opset: int = graph["opset"]
	if opset < OLDEST_OPSET:
		return "operator set %d is too old: export with %d or newer" % [opset, OLDEST_OPSET]
	if opset > NEWEST_OPSET:
		return "operator set %d is not known: export with %d or older" % [opset, NEWEST_OPSET]
	return _find_twice(graph)


## The shape of [param input] for one agent, and why it cannot be used ("" if it can).
static func read_input(input: Dictionary) -> RlInput:
	var read: RlInput = RlInput.new()
	read.problem = input.get("problem", "")
	var declared: PackedInt64Array = input["shape"]
	read.shape = declared.duplicate()
	if not read.shape.is_empty() and (read.shape[0] < 0 or read.shape.size() > 1):
		if read.shape[0] > 1:
			read.problem = (
				"takes batches of %d: export with a batch of 1 or of any size" % read.shape[0]
			)
		read.shape[0] = 1
	if read.shape.has(-1):
		read.problem = "has no fixed size along axis %d" % read.shape.find(-1)
	if read.problem == "":
		read.problem = RlLimits.problem(read.shape)
	if read.problem == "" and read.shape.has(0):
		read.problem = "has no numbers (shape %s)" % read.shape
	if read.problem != "":
		read.problem = 'input "%s" %s' % [input["name"], read.problem]
		read.shape = [0]
	return read


static func output_names(graph: Dictionary) -> PackedStringArray:
	var names: PackedStringArray = []
	for output: Dictionary in graph["outputs"]:
		var output_name: String = output["name"]
		names.append(output_name)
	return names


## The nodes that lead to some outputs, in the order of the file, which is one they can run in.
static func needed_nodes(graph: Dictionary, outputs: PackedStringArray) -> Array[Dictionary]:
	var nodes: Array[Dictionary] = []
	var wanted: Dictionary[String, bool] = {}
	for output: String in outputs:
		wanted[output] = true
	var all: Array = graph["nodes"]
	for index: int in range(all.size() - 1, -1, -1):
		var node: Dictionary = all[index]
		var made: PackedStringArray = node["outputs"]
		for output: String in made:
			if output != "" and wanted.has(output):
				nodes.append(node)
				for input: String in node["inputs"]:
					wanted[input] = true
				break
	nodes.reverse()
	return nodes


# Each value has one origin.
static func _find_twice(graph: Dictionary) -> String:
	var known: Dictionary[String, bool] = {"": true}
	for tensor: String in graph["tensors"]:
		known[tensor] = true
	var names: PackedStringArray = []
	for input: Dictionary in graph["inputs"]:
		var input_name: String = input["name"]
		names.append(input_name)
	for node: Dictionary in graph["nodes"]:
		for output: String in node["outputs"]:
			if output != "":
				names.append(output)
	for value: String in names:
		if known.has(value):
			return 'the value "%s" has two origins: the file is damaged' % value
		known[value] = true
	return ""


## An input for one agent.
class RlInput:
	extends RefCounted

	var shape: PackedInt64Array
	var problem: String
