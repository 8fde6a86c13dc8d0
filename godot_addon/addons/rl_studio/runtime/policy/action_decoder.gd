@tool
extends RefCounted
## Turns the numbers a policy puts out into actions. Continuous actions are means, each action's
## means followed by as many log standard deviations unless the output holds means only; a discrete
## action is one logit per choice.

const CONTINUOUS: String = "continuous"
const DISCRETE: String = "discrete"


## The actions by name; [param order] says whose numbers come first. Returns nothing if the output
## does not fit, for the reason [method problem] gives.
static func decode(
	output: PackedFloat32Array, action_space: Dictionary, order: PackedStringArray
) -> Dictionary:
	var means: int = 0
	var logits: int = 0
	for action: String in order:
		var spec: Dictionary = action_space[action]
		var size: int = spec.get("size", 0)
		if spec.get("action_type") == CONTINUOUS:
			means += size
		else:
			logits += size
	var means_only: bool = logits == 0 and output.size() == means
	if not means_only and output.size() != 2 * means + logits:
		return {}
	var actions: Dictionary = {}
	var start: int = 0
	for action: String in order:
		var spec: Dictionary = action_space[action]
		var type: String = spec.get("action_type", "")
		var size: int = spec.get("size", 0)
		if size < 1 or (type != CONTINUOUS and type != DISCRETE):
			return {}
		if type == CONTINUOUS:
			actions[action] = _clamped(output.slice(start, start + size))
			start += size if means_only else 2 * size
		else:
			actions[action] = _best(output.slice(start, start + size))
			start += size
	return actions


## Why [param action_space] and an output of [param width] numbers do not fit.
static func problem(width: int, action_space: Dictionary) -> String:
	var means: int = 0
	var logits: int = 0
	for action: String in action_space:
		var spec: Dictionary = action_space[action]
		var size: int = spec.get("size", 0)
		var type: String = spec.get("action_type", "")
		if not type in [CONTINUOUS, DISCRETE] or size < 1:
			return (
				'action "%s" has type "%s" and size %d: expected continuous or discrete, 1 or more'
				% [action, type, size]
			)
		if type == CONTINUOUS:
			means += size
		else:
			logits += size
	var expected: String = str(2 * means + logits)
	if logits == 0:
		expected = "%d (means only) or %d (with log standard deviations)" % [means, 2 * means]
	return (
		"the policy puts out %d numbers, the actions %s need %s"
		% [width, ", ".join(PackedStringArray(action_space.keys())), expected]
	)


static func _clamped(means: PackedFloat32Array) -> PackedFloat32Array:
	for index: int in means.size():
		means[index] = clampf(means[index], -1.0, 1.0)
	return means


# Index of the highest logit, the first of equals.
static func _best(logits: PackedFloat32Array) -> int:
	var best: int = 0
	for index: int in logits.size():
		if logits[index] > logits[best]:
			best = index
	return best
