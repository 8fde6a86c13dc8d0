@tool
extends RefCounted
## Which outputs of a policy the actions of an agent are read from: those that the agent names, or
## the file, or [code]output[/code], or those of ML-Agents' files for actions that are not drawn.

const OUTPUT: String = "output"
## In the metadata of a file.
const METADATA_KEY: String = "output"
## In the order in which they are read, one after the other.
const OF_ML_AGENTS: PackedStringArray = [
	"deterministic_continuous_actions", "deterministic_discrete_actions"
]

## What the agent asked for.
var wanted: String
## Names of outputs.
var names: PackedStringArray = []
## Why no actions can be read; "" if they can.
var problem: String = ""
## Numbers of all of them for one agent.
var width: int = 0


## Chooses from the outputs of [param policy]. [param output]: names that the agent gives, with
## commas between them; "" leaves it to the file.
func _init(policy: RLPolicy, output: String) -> void:
	wanted = output
	var sizes: Dictionary[String, int] = policy.get_output_sizes()
	var told: Variant = policy.metadata.get(METADATA_KEY)
	var listed: String = str(told) if output == "" and told is String else output
	for part: String in listed.split(",", false):
		names.append(part.strip_edges())
	if names.is_empty() and sizes.has(OUTPUT):
		names = [OUTPUT]
	if names.is_empty():
		for known: String in OF_ML_AGENTS:
			if sizes.has(known):
				names.append(known)
	_check(policy, sizes)


## The numbers of the chosen outputs in [param outputs], which are of [param rows] agents: all of an
## agent's one after the other.
func join(outputs: Dictionary[String, PackedFloat32Array], rows: int) -> PackedFloat32Array:
	if names.size() == 1:
		return outputs[names[0]]
	var joined: PackedFloat32Array = []
	for row: int in rows:
		for output: String in names:
			var numbers: PackedFloat32Array = outputs[output]
			var size: int = floori(numbers.size() / float(rows))
			joined.append_array(numbers.slice(row * size, (row + 1) * size))
	return joined


func _check(policy: RLPolicy, sizes: Dictionary[String, int]) -> void:
	var left_out: Dictionary[String, String] = policy.get_left_out_outputs()
	var others: String = ", ".join(sizes.keys())
	if names.is_empty():
		problem = (
			'the policy has no output named "%s"; it has %s: name one as policy_output of the agent'
			% [OUTPUT, others]
		)
		if left_out.has(OUTPUT):
			problem = 'the output "%s" was left out: %s' % [OUTPUT, left_out[OUTPUT]]
		return
	for output: String in names:
		if left_out.has(output):
			problem = 'the output "%s" was left out: %s' % [output, left_out[output]]
		elif not sizes.has(output):
			problem = 'the policy has no output named "%s"; it has %s' % [output, others]
		width += sizes.get(output, 0)
