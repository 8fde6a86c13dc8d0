@tool
extends RefCounted
## Reads actions from the rows that a policy puts out: the best ones, or drawn at random as in
## training. Made once for a policy and an action space, then used for every agent.
##
## A row has the actions in order. A continuous action is its means, followed by as many log
## standard deviations unless all actions are continuous and the row has means only. A discrete one
## is a logit for each choice. Networks that choose for themselves have other rows: the means of all
## continuous actions, then a number for each discrete one, that of the choice.

enum RlSpread { NONE, GAUSSIAN, SQUASHED }

const CONTINUOUS: String = "continuous"
const DISCRETE: String = "discrete"
## Squashed means nearer to 1 than this cannot be told apart; atanh(1) is infinite.
const LARGEST_SQUASHED: float = 1.0 - 1e-6
## What drew the actions in training, as files tell it.
const GREEDY_KINDS: PackedStringArray = ["greedy", "deterministic"]

## Why rows cannot be read. Empty = they can.
var problem: String = ""
## The action space that this was made for.
var space: Dictionary
## Choices of all discrete actions together.
var choice_count: int = 0
## Whether the last action had a number that is none (nan), which is read as 0.
var found_nan: bool = false

var _width: int
var _means: int = 0
var _has_inline_spread: bool = false
# By far the commonest case: one continuous action.
var _has_only_means: bool = false
# The row has no logits, but the choices that the network has made.
var _has_choices: bool = false
var _spread: RlSpread = RlSpread.NONE
var _draws_choices: bool = true
## By action, in the order of the row: its first number, its size (means or choices) and, for a
## discrete one, its first place in a mask; -1 for a continuous one.
var _names: PackedStringArray = []
var _starts: PackedInt32Array = []
var _sizes: PackedInt32Array = []
var _mask_starts: PackedInt32Array = []


## Returns the actions in the order of the policy's training if [param metadata] knows them, else in
## the alphabetical one of the wire.
static func find_order(action_space: Dictionary, metadata: Dictionary) -> PackedStringArray:
	var names: PackedStringArray = PackedStringArray(action_space.keys())
	names.sort()
	var trained: Variant = metadata.get("action_space")
	if names.size() > 1 and trained is Dictionary:
		var trained_space: Dictionary = trained
		var trained_names: PackedStringArray = PackedStringArray(trained_space.keys())
		var sorted_names: PackedStringArray = trained_names.duplicate()
		sorted_names.sort()
		if sorted_names == names:
			return trained_names
	return names


## [param metadata] is that of the policy, [param width] the size of a row of its
## [code]output[/code].
func _init(action_space: Dictionary, metadata: Dictionary, width: int) -> void:
	space = action_space.duplicate(true)
	_width = width
	var logits: int = _lay_out(find_order(action_space, metadata))
	if not problem.is_empty():
		return
	choice_count = logits
	var full_width: int = 2 * _means + logits
	var discrete: int = _names.size() - Array(_mask_starts).count(-1)
	if discrete > 0 and width == _means + discrete and width not in [full_width, _means + logits]:
		_place_choices()
		_choose_draws(metadata)
		return
	_has_inline_spread = _means > 0 and width == full_width
	if width != full_width and not (logits == 0 and width == _means):
		problem = _describe_width(full_width, logits == 0)
	elif not _has_inline_spread:
		_place(1)
		_has_only_means = _names.size() == 1 and logits == 0
	_choose_draws(metadata)


## Whether this can read rows of [param width] numbers for [param action_space].
func suits(action_space: Dictionary, width: int) -> bool:
	return width == _width and action_space == space


## Returns the best action in row [param row] of [param output]: a [PackedFloat32Array] in -1 … 1
## for each continuous action, the number of the choice for each discrete one. [param allowed] has a
## byte for each choice, actions in alphabetical order; 0 = never taken, empty = all allowed.
func decode(
	output: PackedFloat32Array, row: int = 0, allowed: PackedByteArray = PackedByteArray()
) -> Dictionary:
	found_nan = false
	if _has_only_means:
		var means: PackedFloat32Array = output.slice(row * _width, (row + 1) * _width)
		_clamp(means)
		return {_names[0]: means}
	var action: Dictionary = {}
	for index: int in _names.size():
		var start: int = row * _width + _starts[index]
		var part: PackedFloat32Array = output.slice(start, start + _sizes[index])
		if _mask_starts[index] < 0:
			_clamp(part)
			action[_names[index]] = part
		elif _has_choices:
			action[_names[index]] = _read_choice(output[start], index, allowed)
		else:
			action[_names[index]] = _find_best(part, allowed, _mask_starts[index])
	return action


## The same, but drawn as in training. [param log_stds] is the policy's output of that name, if it
## has one.
func sample(
	output: PackedFloat32Array,
	log_stds: PackedFloat32Array,
	rng: RandomNumberGenerator,
	row: int = 0,
	allowed: PackedByteArray = PackedByteArray()
) -> Dictionary:
	if _has_choices:
		return decode(output, row, allowed)
	var action: Dictionary = {}
	found_nan = false
	for index: int in _names.size():
		var start: int = row * _width + _starts[index]
		var size: int = _sizes[index]
		var part: PackedFloat32Array = output.slice(start, start + size)
		if _mask_starts[index] < 0:
			if _has_inline_spread:
				_scatter(part, output.slice(start + size, start + 2 * size), rng)
			elif not log_stds.is_empty():
				_scatter(part, log_stds.slice(start, start + size), rng)
			_clamp(part)
			action[_names[index]] = part
		elif _draws_choices:
			action[_names[index]] = _draw(part, allowed, _mask_starts[index], rng)
		else:
			action[_names[index]] = _find_best(part, allowed, _mask_starts[index])
	return action


# Returns the number of logits.
func _lay_out(order: PackedStringArray) -> int:
	var logits: int = 0
	for action: String in order:
		var spec: Dictionary = space[action] if space[action] is Dictionary else {}
		var type: String = str(spec.get("action_type", ""))
		var told: Variant = spec.get("size")
		var size: int = told if typeof(told) in [TYPE_INT, TYPE_FLOAT] else 0
		if not type in [CONTINUOUS, DISCRETE] or size < 1:
			problem = (
				'action "%s" has type "%s" and size %d: expected continuous or discrete, 1 or more'
				% [action, type, size]
			)
			return 0
		_names.append(action)
		_sizes.append(size)
		_mask_starts.append(-1 if type == CONTINUOUS else 0)
		if type == CONTINUOUS:
			_means += size
		else:
			logits += size
	_place(2)
	_place_in_mask()
	return logits


# A continuous action takes [param times] its size.
func _place(times: int) -> void:
	_starts.clear()
	var start: int = 0
	for index: int in _names.size():
		_starts.append(start)
		start += _sizes[index] * (times if _mask_starts[index] < 0 else 1)


# Continuous actions first, then a number for each discrete one.
func _place_choices() -> void:
	_has_choices = true
	_starts.resize(_names.size())
	var start: int = 0
	for is_discrete: bool in [false, true]:
		for index: int in _names.size():
			if (_mask_starts[index] >= 0) == is_discrete:
				_starts[index] = start
				start += 1 if is_discrete else _sizes[index]


func _place_in_mask() -> void:
	var sorted_names: PackedStringArray = _names.duplicate()
	sorted_names.sort()
	var start: int = 0
	for action: String in sorted_names:
		var index: int = _names.find(action)
		if _mask_starts[index] >= 0:
			_mask_starts[index] = start
			start += _sizes[index]


func _choose_draws(metadata: Dictionary) -> void:
	var kind: String = str(metadata.get("distribution", ""))
	var squashes: bool = kind == "squashed_gaussian" or str(metadata.get("algorithm")) == "sac"
	_spread = RlSpread.SQUASHED if squashes else RlSpread.GAUSSIAN
	if kind in GREEDY_KINDS:
		_spread = RlSpread.NONE
		_draws_choices = false


func _describe_width(full_width: int, may_have_means_only: bool) -> String:
	var expected: String = str(full_width)
	if may_have_means_only:
		expected = "%d (means only) or %d (with log standard deviations)" % [_means, full_width]
	return (
		"the policy puts out %d numbers, the actions %s need %s"
		% [_width, ", ".join(_names), expected]
	)


func _clamp(numbers: PackedFloat32Array) -> void:
	for index: int in numbers.size():
		var number: float = numbers[index]
		if not absf(number) <= 1.0:
			found_nan = found_nan or is_nan(number)
			numbers[index] = 0.0 if is_nan(number) else signf(number)


func _scatter(
	means: PackedFloat32Array, log_stds: PackedFloat32Array, rng: RandomNumberGenerator
) -> void:
	if _spread == RlSpread.NONE:
		return
	for index: int in means.size():
		var noise: float = exp(log_stds[index]) * rng.randfn()
		if _spread == RlSpread.SQUASHED:
			var mean: float = clampf(means[index], -LARGEST_SQUASHED, LARGEST_SQUASHED)
			means[index] = tanh(atanh(mean) + noise)
		else:
			means[index] += noise


# Index of the highest allowed logit, the first of equals.
func _find_best(logits: PackedFloat32Array, allowed: PackedByteArray, mask_start: int) -> int:
	var best: int = -1
	for index: int in logits.size():
		if not allowed.is_empty() and allowed[mask_start + index] == 0:
			continue
		found_nan = found_nan or is_nan(logits[index])
		if best < 0 or logits[index] > logits[best] or is_nan(logits[best]):
			best = index
	return maxi(best, 0)


# The choice that the network has made, or the first one that is allowed.
func _read_choice(number: float, index: int, allowed: PackedByteArray) -> int:
	found_nan = found_nan or is_nan(number)
	var choice: int = 0 if is_nan(number) else clampi(roundi(number), 0, _sizes[index] - 1)
	var start: int = _mask_starts[index]
	if allowed.is_empty() or allowed[start + choice] != 0:
		return choice
	return maxi(allowed.slice(start, start + _sizes[index]).find(1), 0)


# An allowed index, drawn by the softmax of the allowed logits.
func _draw(
	logits: PackedFloat32Array,
	allowed: PackedByteArray,
	mask_start: int,
	rng: RandomNumberGenerator
) -> int:
	var best: int = _find_best(logits, allowed, mask_start)
	var chances: PackedFloat64Array = []
	var total: float = 0.0
	for index: int in logits.size():
		var is_allowed: bool = allowed.is_empty() or allowed[mask_start + index] != 0
		var chance: float = exp(logits[index] - logits[best]) if is_allowed else 0.0
		chances.append(chance)
		total += chance
	var left: float = rng.randf() * total
	for index: int in chances.size():
		left -= chances[index]
		if chances[index] > 0.0 and left < 0.0:
			return index
	return best
