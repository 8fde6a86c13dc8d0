@tool
extends RefCounted
## Whether a policy can play an agent: its inputs beside what the agent sees, its output beside what
## the agent can do. Asked by the game before the first decision and by the editor's warnings.
##
## In the editor, agents whose script is not `@tool` cannot be asked. They are judged by what they
## told when the game ran last (see seen_spaces.gd), or not at all if that is not known.

const RlActionDecoder := preload("policy/action_decoder.gd")
const RlActionSpace := preload("action_space.gd")
const RlObservation := preload("observation.gd")
const RlOutputChoice := preload("policy/output_choice.gd")
const RlSeenSpaces := preload("seen_spaces.gd")

const OUTPUT: String = "output"
const STATE_OUTPUT: String = "state_outs"


## Returns why [param policy] cannot play [param agent], with what is expected and found; empty if
## it can, and also if [method can_check] is false.
static func get_problems(policy: RLPolicy, agent: Node) -> PackedStringArray:
	if not policy.is_valid():
		return policy.get_problems()
	if _can_ask(agent):
		var observation: RlObservation = RlObservation.new(agent.call(&"_get_observation"))
		var raw_space: Dictionary = agent.call(&"_get_action_space")
		return compare(policy, observation, RlActionSpace.new(raw_space), _wanted_by(agent))
	var seen: RlSeenSpaces.RlEntry = RlSeenSpaces.find(agent)
	if seen == null:
		return []
	var problems: PackedStringArray = find_input_problems(policy, seen.shapes)
	problems.append_array(find_action_problems(policy, seen.actions, _wanted_by(agent)))
	return problems


## Whether [method get_problems] can tell anything about [param agent] now. If not, the game tells
## when it starts.
static func can_check(agent: Node) -> bool:
	return _can_ask(agent) or RlSeenSpaces.find(agent) != null


## The same for what an agent sees and can do. [param wanted]: see [member RLAgent.policy_output].
static func compare(
	policy: RLPolicy, observation: RlObservation, action_space: RlActionSpace, wanted: String = ""
) -> PackedStringArray:
	if not policy.is_valid():
		return policy.get_problems()
	var problems: PackedStringArray = []
	for problem: String in [observation.problem, action_space.problem]:
		if not problem.is_empty():
			problems.append(problem)
	if observation.problem.is_empty():
		problems.append_array(find_input_problems(policy, observation.get_shapes()))
	if action_space.problem.is_empty():
		problems.append_array(find_action_problems(policy, action_space.entries, wanted))
	return problems


## Returns what is wrong with the inputs. [param shapes] are those of the agent's observations: [n],
## or [channels, height, width].
static func find_input_problems(
	policy: RLPolicy, shapes: Dictionary[String, PackedInt32Array]
) -> PackedStringArray:
	var problems: PackedStringArray = []
	var inputs: Dictionary[String, int] = policy.get_input_sizes()
	var trained: Dictionary = _get_part(policy, "observation_space")
	for input: String in inputs:
		var expected: String = _describe(_get_trained_shape(trained, input), inputs[input])
		if not shapes.has(input):
			problems.append(
				(
					'the policy expects the observation "%s" (%s); the agent gives %s'
					% [input, expected, _describe_all(shapes)]
				)
			)
			continue
		var found: String = _describe(shapes[input], _count(shapes[input]))
		if (
			_count(shapes[input]) != inputs[input]
			or _has_other_shape(trained, input, shapes[input])
		):
			problems.append(
				(
					'the policy expects %s for the observation "%s"; the agent gives %s'
					% [expected, input, found]
				)
			)
	for key: String in shapes:
		# Files without metadata come from tools that export one observation and leave out others.
		if not inputs.has(key) and not trained.is_empty() and not trained.has(key):
			(
				problems
				. append(
					(
						'the agent gives the observation "%s" (%s), which the policy was trained without'
						% [key, _describe(shapes[key], _count(shapes[key]))]
					)
				)
			)
	problems.append_array(_find_memory_problems(policy))
	return problems


## Returns what is wrong with the output, and with actions other than those of the training.
static func find_action_problems(
	policy: RLPolicy, actions: Dictionary, wanted: String = ""
) -> PackedStringArray:
	var choice: RlOutputChoice = RlOutputChoice.new(policy, wanted)
	if choice.problem != "":
		return [choice.problem]
	var trained: Dictionary = _get_part(policy, "action_space")
	if not trained.is_empty() and not _is_same_layout(trained, actions):
		return [
			(
				"the policy was trained for the actions %s; the agent has %s"
				% [_describe_actions(trained), _describe_actions(actions)]
			)
		]
	var decoder: RlActionDecoder = RlActionDecoder.new(actions, policy.metadata, choice.width)
	var problems: PackedStringArray = []
	if not decoder.problem.is_empty():
		problems.append(decoder.problem)
	elif decoder.choice_count > 0 and policy.get_mask_size() not in [0, decoder.choice_count]:
		problems.append(
			(
				"the policy wants to know of %d choices whether they are allowed; the agent has %d"
				% [policy.get_mask_size(), decoder.choice_count]
			)
		)
	return problems


static func _wanted_by(agent: Node) -> String:
	return str(agent.get(&"policy_output")) if &"policy_output" in agent else ""


static func _can_ask(agent: Node) -> bool:
	if not Engine.is_editor_hint():
		return true
	var script: Script = agent.get_script()
	return script != null and script.is_tool()


static func _find_memory_problems(policy: RLPolicy) -> PackedStringArray:
	var memory: int = policy.get_memory_size()
	var given_back: int = policy.get_output_sizes().get(STATE_OUTPUT, 0)
	if memory > 0 and given_back != memory:
		return [
			(
				"the policy takes a memory of %d numbers (state_ins) and gives back %d (state_outs)"
				% [memory, given_back]
			)
		]
	return []


static func _get_part(policy: RLPolicy, key: String) -> Dictionary:
	var part: Variant = policy.metadata.get(key)
	return part if part is Dictionary else {}


# The shape in the wire form of a space, empty if it is not known.
static func _get_trained_shape(trained: Dictionary, input: String) -> PackedInt32Array:
	var space: Variant = trained.get(input)
	var shape: PackedInt32Array = []
	if space is Dictionary:
		var entries: Dictionary = space
		var size: Variant = entries.get("size")
		if size is Array and str(entries.get("space")) == "box":
			for extent: Variant in size:
				var length: float = extent if typeof(extent) in [TYPE_INT, TYPE_FLOAT] else 0
				shape.append(roundi(length))
	return shape


# Only pictures: as many numbers may be a picture of other sides.
static func _has_other_shape(trained: Dictionary, input: String, found: PackedInt32Array) -> bool:
	var shape: PackedInt32Array = _get_trained_shape(trained, input)
	return shape.size() == 3 and found.size() == 3 and shape != found


# A single action may have another name; the order of several follows from their names.
static func _is_same_layout(trained: Dictionary, actions: Dictionary) -> bool:
	if trained.size() != actions.size():
		return false
	for action: String in actions:
		var name: String = trained.keys()[0] if trained.size() == 1 else action
		var expected: Dictionary = _read_entry(trained, name)
		if expected.is_empty():
			return false
		if _describe_action(expected) != _describe_action(_read_entry(actions, action)):
			return false
	return true


static func _read_entry(actions: Dictionary, action: String) -> Dictionary:
	var entry: Variant = actions.get(action)
	return entry if entry is Dictionary else {}


static func _describe_actions(actions: Dictionary) -> String:
	var names: PackedStringArray = PackedStringArray(actions.keys())
	names.sort()
	var parts: PackedStringArray = []
	for action: String in names:
		parts.append('"%s" (%s)' % [action, _describe_action(_read_entry(actions, action))])
	return ", ".join(parts)


static func _describe_action(entry: Dictionary) -> String:
	var told: Variant = entry.get("size")
	var size: float = told if typeof(told) in [TYPE_INT, TYPE_FLOAT] else 0
	var type: String = str(entry.get("action_type"))
	if type == RlActionSpace.DISCRETE:
		return "discrete, %d choices" % size
	return "%s, %s" % [type, _describe([], roundi(size))]


static func _describe_all(shapes: Dictionary[String, PackedInt32Array]) -> String:
	var parts: PackedStringArray = []
	for key: String in shapes:
		parts.append('"%s" (%s)' % [key, _describe(shapes[key], _count(shapes[key]))])
	return "none" if parts.is_empty() else ", ".join(parts)


static func _describe(shape: PackedInt32Array, count: int) -> String:
	if shape.size() == 3:
		return "a picture, %d wide, %d high, %d channels" % [shape[2], shape[1], shape[0]]
	return "%d number%s" % [count, "" if count == 1 else "s"]


static func _count(shape: PackedInt32Array) -> int:
	var product: int = 1
	for extent: int in shape:
		product *= extent
	return product
