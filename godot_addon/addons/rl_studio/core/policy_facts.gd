@tool
extends RefCounted
## What is to be said about a policy, as titles and texts: what it is made of, what goes in and out,
## where it is from and how it was proven.

const RlFormat := preload("format.gd")
const RlProofText := preload("proof_text.gd")
const RlRead := preload("read.gd")

## Bytes of a number of the network.
const NUMBER_BYTES: int = 4
const STATES: PackedStringArray = ["state_ins", "state_outs"]
const DISTRIBUTIONS: Dictionary[String, String] = {
	"gaussian": "drawn in training: gaussian",
	"squashed_gaussian": "drawn in training: squashed gaussian",
	"categorical": "drawn in training: by their logits",
	"mixed": "drawn in training: gaussian and by logits",
	"greedy": "the best one is taken",
}

var _policy: RLPolicy
var _metadata: Dictionary


func _init(policy: RLPolicy) -> void:
	_policy = policy
	_metadata = policy.metadata


## The verdict in a line, such as "Proven" or "Cannot run".
func verdict() -> String:
	if not _policy.is_valid():
		return "Cannot run"
	if proof().is_empty():
		return "Made by another tool: not proven"
	if RlRead.dict(proof(), "godot").is_empty():
		return "Proven, but not in Godot"
	return "Proven"


## Whether the policy can run and was tried in Godot.
func is_proven() -> bool:
	return _policy.is_valid() and not RlRead.dict(proof(), "godot").is_empty()


## The proof in the file; empty if there is none.
func proof() -> Dictionary:
	return RlRead.dict(_metadata, "proof")


## Where it is from; empty for files of other tools.
func origin() -> Dictionary[String, String]:
	var rows: Dictionary[String, String] = {}
	_add(rows, "Policy", RlRead.text(_metadata, "policy"))
	_add(rows, "Run", RlRead.text(_metadata, "run"))
	if _metadata.has("timesteps"):
		_add(rows, "Trained", "%s steps" % RlFormat.count(RlRead.number(_metadata, "timesteps")))
	var made: PackedStringArray = []
	for key: String in ["algorithm", "trainer", "network"]:
		if RlRead.text(_metadata, key) != "":
			made.append(RlRead.text(_metadata, key))
	_add(rows, "Algorithm", ", ".join(made))
	return rows


## What it is made of. [param file_size] in bytes, 0 if there is no file.
func network(file_size: int) -> Dictionary[String, String]:
	var rows: Dictionary[String, String] = {}
	_add(rows, "Inputs", _describe_inputs())
	_add(rows, "Outputs", _describe_outputs())
	_add(rows, "Left out", _describe_left_out())
	_add(rows, "Actions", _describe_actions())
	var memory: int = _policy.get_memory_size()
	_add(rows, "Memory", "%s numbers" % RlFormat.count(memory) if memory > 0 else "")
	var parameters: int = _policy.get_parameter_count()
	rows["Parameters"] = RlFormat.count(parameters)
	rows["Operators"] = ", ".join(_policy.get_operators())
	var size: int = file_size if file_size > 0 else parameters * NUMBER_BYTES
	rows["Size"] = RlFormat.bytes(size)
	return rows


## The versions of what it was made with, for a tooltip.
func versions() -> String:
	var lines: PackedStringArray = []
	var packages: Dictionary = RlRead.dict(_metadata, "versions")
	for package: Variant in packages:
		lines.append("%s %s" % [package, packages[package]])
	return "\n".join(lines)


func _describe_inputs() -> String:
	var shapes: Dictionary[String, PackedInt64Array] = _policy.get_input_shapes()
	var sizes: Dictionary[String, int] = _policy.get_input_sizes()
	var parts: PackedStringArray = []
	for input: String in sizes:
		var shape: PackedInt64Array = shapes.get(input, PackedInt64Array())
		parts.append("%s: %s" % [input, _describe_shape(shape, sizes[input])])
	return "\n".join(parts)


func _describe_outputs() -> String:
	var sizes: Dictionary[String, int] = _policy.get_output_sizes()
	var parts: PackedStringArray = []
	for output: String in sizes:
		if output not in STATES:
			parts.append("%s: %s" % [output, _describe_shape([], sizes[output])])
	return "\n".join(parts)


func _describe_left_out() -> String:
	var outputs: Dictionary[String, String] = _policy.get_left_out_outputs()
	var parts: PackedStringArray = []
	for output: String in outputs:
		parts.append("%s: %s" % [output, outputs[output]])
	return "\n".join(parts)


func _describe_actions() -> String:
	var parts: PackedStringArray = []
	var actions: Dictionary = RlRead.dict(_metadata, "action_space")
	for action: Variant in actions:
		var entry: Dictionary = RlRead.dict(actions, str(action))
		var size: int = RlRead.integer(entry, "size")
		var is_discrete: bool = RlRead.text(entry, "action_type") == "discrete"
		var form: String = "%s: %d choices" if is_discrete else "%s: %d continuous"
		parts.append(form % [action, size])
	var distribution: String = RlRead.text(_metadata, "distribution")
	if not parts.is_empty() and DISTRIBUTIONS.has(distribution):
		parts.append(DISTRIBUTIONS[distribution])
	return "\n".join(parts)


# [batch, height, width, channels] is a picture.
func _describe_shape(shape: PackedInt64Array, count: int) -> String:
	if shape.size() == 4:
		return "a picture of %s × %s, %s channels" % [shape[2], shape[1], shape[3]]
	return "%s number%s" % [RlFormat.count(count), "" if count == 1 else "s"]


func _add(rows: Dictionary[String, String], title: String, text: String) -> void:
	if text != "":
		rows[title] = text
