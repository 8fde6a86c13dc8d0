extends RefCounted
## What an agent can do: checks the dictionary of [method RLAgent._get_action_space] and turns
## actions from the wire (or from chance) into what [method RLAgent._apply_action] gets.
##
## Actions are in alphabetical order everywhere: trainers flatten them in the order they are sent.

const RlObservation := preload("observation.gd")

const CONTINUOUS: String = "continuous"
const DISCRETE: String = "discrete"

## By action name, alphabetically: {"action_type": String, "size": int}.
var entries: Dictionary = {}
## Numbers of all continuous actions.
var continuous_width: int = 0
## Number of discrete actions.
var discrete_width: int = 0
## Choices of all discrete actions.
var mask_width: int = 0
## Why the space, or the action given to [method decode] last, cannot be used. Empty = it can.
var problem: String = ""

var _names: PackedStringArray = []
## By action: numbers of a continuous one, choices of a discrete one.
var _sizes: PackedInt32Array = []
## By action: 0 for a continuous one.
var _choices: PackedInt32Array = []
## By far the commonest case.
var _has_one_continuous: bool = false


func _init(raw: Dictionary) -> void:
	if raw.is_empty():
		problem = "_get_action_space returned an empty Dictionary"
	for key: String in RlObservation.sort_keys(raw):
		_read(key, raw[key])
	_names = PackedStringArray(entries.keys())
	for key: String in _names:
		var size: int = entries[key]["size"]
		_sizes.append(size)
		_choices.append(get_choices(key))
		if _choices[-1] == 0:
			continuous_width += size
		else:
			discrete_width += 1
			mask_width += size
	_has_one_continuous = _names.size() == 1 and discrete_width == 0


## Returns the number of choices of a discrete action, 0 if there is no such action.
func get_choices(action: String) -> int:
	var entry: Dictionary = entries.get(action, {})
	return entry["size"] if entry.get("action_type") == DISCRETE else 0


func get_discrete_names() -> PackedStringArray:
	var names: PackedStringArray = []
	for key: String in entries:
		if get_choices(key) > 0:
			names.append(key)
	return names


## Returns the action of agent [param row] from the numbers of many agents, one row each:
## [member continuous_width] floats in -1 … 1 and [member discrete_width] choices, both checked.
func cut(continuous: PackedFloat32Array, discrete: PackedInt32Array, row: int) -> Dictionary:
	var start: int = row * continuous_width
	if _has_one_continuous:
		return {_names[0]: continuous.slice(start, start + continuous_width)}
	var action: Dictionary = {}
	var place: int = row * discrete_width
	for index: int in _names.size():
		if _choices[index] == 0:
			var end: int = start + _sizes[index]
			action[_names[index]] = continuous.slice(start, end)
			start = end
		else:
			action[_names[index]] = discrete[place]
			place += 1
	return action


## Clamps [param continuous] to -1 … 1, in place. Returns the number of the first row of numbers
## that cannot be an action, and says why in [member problem]; -1 if all can.
func clamp_rows(continuous: PackedFloat32Array, discrete: PackedInt32Array) -> int:
	for index: int in continuous.size():
		var number: float = continuous[index]
		if not absf(number) <= 1.0:
			if is_nan(number):
				problem = "the continuous actions have nan among their numbers"
				return floori(float(index) / continuous_width)
			continuous[index] = signf(number)
	var limits: PackedInt32Array = []
	for choices: int in _choices:
		if choices > 0:
			limits.append(choices)
	for index: int in discrete.size():
		var limit: int = limits[index % discrete_width]
		if discrete[index] < 0 or discrete[index] >= limit:
			problem = (
				'the action "%s" is %d; expected 0 to %d'
				% [get_discrete_names()[index % discrete_width], discrete[index], limit - 1]
			)
			return floori(float(index) / discrete_width)
	return -1


## Returns the action for the agent; if it does not fit, empty and [member problem] says why.
func decode(wire: Variant) -> Dictionary:
	problem = ""
	var action: Dictionary = {}
	if not wire is Dictionary:
		problem = "the action is %s, not an object" % [wire]
		return {}
	var given: Dictionary = wire
	for key: String in entries:
		if not given.has(key):
			problem = 'the action "%s" is missing; got %s' % [key, given.keys()]
			return {}
		var size: int = entries[key]["size"]
		if entries[key]["action_type"] == CONTINUOUS:
			action[key] = _decode_continuous(key, given[key], size)
		else:
			action[key] = _decode_discrete(key, given[key], size)
	return action if problem.is_empty() else {}


## Returns an action drawn uniformly.
func sample(rng: RandomNumberGenerator) -> Dictionary:
	var action: Dictionary = {}
	for key: String in entries:
		var size: int = entries[key]["size"]
		if entries[key]["action_type"] == DISCRETE:
			action[key] = rng.randi_range(0, size - 1)
			continue
		var numbers: PackedFloat32Array = []
		for index: int in size:
			numbers.append(rng.randf_range(-1.0, 1.0))
		action[key] = numbers
	return action


func _read(key: String, raw: Variant) -> void:
	var entry: Dictionary = raw if raw is Dictionary else {}
	var kind: Variant = entry.get("action_type")
	if kind not in [CONTINUOUS, DISCRETE] or not _is_number(entry.get("size")):
		problem = (
			'action "%s" is %s; expected {"action_type": "continuous" or "discrete", "size": n}'
			% [key, raw]
		)
		return
	var size: int = entry["size"]
	if size < (1 if kind == CONTINUOUS else 2):
		problem = 'action "%s" (%s) has size %s, which leaves nothing to choose' % [key, kind, size]
	entries[key] = {"action_type": kind, "size": size}


func _decode_continuous(key: String, raw: Variant, size: int) -> PackedFloat32Array:
	var given: Array = raw if raw is Array else [raw]
	var numbers: PackedFloat32Array = []
	for entry: Variant in given:
		var number: float = entry if _is_number(entry) else NAN
		if is_nan(number):
			problem = 'action "%s" has %s among its numbers' % [key, entry]
			return numbers
		numbers.append(clampf(number, -1.0, 1.0))
	if numbers.size() != size:
		problem = 'action "%s" has %d numbers; expected %d' % [key, numbers.size(), size]
	return numbers


func _decode_discrete(key: String, raw: Variant, size: int) -> int:
	var given: Array = raw if raw is Array else [raw]
	var choice: int = given[0] if given.size() == 1 and _is_number(given[0]) else -1
	if choice < 0 or choice >= size:
		problem = 'action "%s" is %s; expected 0 to %d' % [key, raw, size - 1]
		return 0
	return choice


func _is_number(value: Variant) -> bool:
	return typeof(value) in [TYPE_FLOAT, TYPE_INT]
