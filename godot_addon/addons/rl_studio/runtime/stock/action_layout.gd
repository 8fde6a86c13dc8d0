extends RefCounted
## Puts what a policy puts out in the order in which the Sync of godot_rl_agents reads it.
##
## A policy has its actions in the order of its training, Sync reads them in that of
## [code]get_action_space[/code]. Newer versions read logits for discrete actions, older ones read
## the choice itself, in the first of as many places as there are choices.

const RlActionDecoder := preload("../policy/action_decoder.gd")

## Why rows cannot be read. Empty = they can.
var problem: String = ""
## Whether a row is the means of continuous actions and nothing else.
var has_only_means: bool = false
## Whether the last row had a number that is none.
var found_nan: bool = false

var _space: Dictionary
var _reads_logits: bool
var _passes_on: bool
## By action, its first place in a row of the policy.
var _starts: Dictionary[String, int] = {}
var _has_spread: bool = false


## [param width] is the size of a row of the policy, 0 if there is none; [param reads_logits] tells
## whether Sync is of a newer version.
func _init(space: Dictionary, metadata: Dictionary, width: int, reads_logits: bool) -> void:
	_space = space
	_reads_logits = reads_logits
	# Files of others that are as old as the game have its own layout.
	_passes_on = not reads_logits and not metadata.has("action_space")
	var means: int = 0
	var logits: int = 0
	for action: String in space:
		if _is_discrete(action):
			logits += _size_of(action)
		else:
			means += _size_of(action)
	has_only_means = logits == 0 and means == width
	_has_spread = width > 0 and not has_only_means and width == 2 * means + logits
	if width > 0 and not (has_only_means or _has_spread or _passes_on):
		problem = (
			"it puts out %d numbers, the actions %s need %d"
			% [width, ", ".join(PackedStringArray(space.keys())), 2 * means + logits]
		)
	# Foreign files do not tell their order, which then is the game's.
	var order: PackedStringArray = PackedStringArray(space.keys())
	if metadata.has("action_space"):
		order = RlActionDecoder.find_order(space, metadata)
	var start: int = 0
	for action: String in order:
		_starts[action] = start
		start += _size_of(action) * (2 if _has_spread and not _is_discrete(action) else 1)


## Returns a row of the policy as Sync reads it.
func arrange(row: PackedFloat32Array) -> Array:
	found_nan = false
	if not problem.is_empty():
		return make_nothing()
	if _passes_on and not has_only_means:
		return Array(row)
	var arranged: Array = []
	for action: String in _space:
		var start: int = _starts[action]
		var size: int = _size_of(action)
		var part: Array = Array(row.slice(start, start + size))
		_mend(part)
		if not _is_discrete(action):
			# As a trainer does, and not every version.
			arranged.append_array(
				part.map(func(mean: float) -> float: return clampf(mean, -1.0, 1.0))
			)
			if _reads_logits and not has_only_means:
				arranged.append_array(Array(row.slice(start + size, start + 2 * size)))
		elif _reads_logits:
			arranged.append_array(_lift(part))
		else:
			arranged.append_array(_place_choice(part.find(part.max()), size))
	return arranged


## A row in which each action is drawn at random.
func make_random(rng: RandomNumberGenerator) -> Array:
	var chosen: Dictionary = {}
	for action: String in _space:
		var size: int = _size_of(action)
		if _is_discrete(action):
			chosen[action] = rng.randi_range(0, size - 1)
		else:
			var numbers: Array = _zeros(size)
			chosen[action] = numbers.map(func(_zero: float) -> float: return rng.randf_range(-1, 1))
	return write(chosen)


## A row that makes Sync do what was [param chosen]: by action, the numbers of a continuous one or
## the choice of a discrete one.
func write(chosen: Dictionary) -> Array:
	var row: Array = []
	for action: String in _space:
		var size: int = _size_of(action)
		if not _is_discrete(action):
			var numbers: Array = []
			for number: Variant in chosen[action]:
				numbers.append(number)
			row.append_array(numbers)
			if _reads_logits and not has_only_means:
				row.append_array(_zeros(size))
			continue
		var choice: int = chosen[action]
		if _reads_logits:
			# Far enough from the others for a Sync that draws.
			var logits: Array = _zeros(size)
			logits[choice] = 100.0
			row.append_array(logits)
		else:
			row.append_array(_place_choice(choice, size))
	return row


## What Sync reads from a row.
func read(row: Array) -> Dictionary:
	var chosen: Dictionary = {}
	var start: int = 0
	for action: String in _space:
		var size: int = _size_of(action)
		var part: Array = row.slice(start, start + size)
		start += size
		if not _is_discrete(action):
			chosen[action] = part
			start += size if _reads_logits and not has_only_means else 0
		elif _reads_logits:
			chosen[action] = part.find(part.max())
		else:
			var number: float = part[0]
			chosen[action] = roundi(number)
	return chosen


## A row for agents that shall do nothing.
func make_nothing() -> Array:
	var places: int = 0
	for action: String in _space:
		var doubles: bool = _reads_logits and not _is_discrete(action) and not has_only_means
		places += _size_of(action) * (2 if doubles else 1)
	return _zeros(places)


func _is_discrete(action: String) -> bool:
	var entry: Dictionary = _space[action]
	return entry.get("action_type") == RlActionDecoder.DISCRETE


func _size_of(action: String) -> int:
	var entry: Dictionary = _space[action]
	return entry.get("size", 0)


func _mend(part: Array) -> void:
	for index: int in part.size():
		var number: float = part[index]
		if is_nan(number):
			part[index] = 0.0
			found_nan = true


# Some versions look for logits above 0 only. What they mean depends on their differences alone.
func _lift(logits: Array) -> Array:
	var highest: float = logits.max()
	return logits.map(func(logit: float) -> float: return logit - highest + 1.0)


func _place_choice(choice: int, size: int) -> Array:
	var places: Array = _zeros(size)
	places[0] = float(choice)
	return places


func _zeros(count: int) -> Array:
	var zeros: Array = []
	zeros.resize(count)
	zeros.fill(0.0)
	return zeros
