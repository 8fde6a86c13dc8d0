extends RefCounted
## Which choices of its discrete actions an agent may take: checks the dictionary of
## [method RLAgent._get_action_mask] and lays the choices side by side.

const RlActionSpace := preload("action_space.gd")

## One byte per choice, actions in alphabetical order; 1 = allowed.
var allowed: PackedByteArray = []
## Why the mask given to [method read] last cannot be used. Empty = it can.
var problem: String = ""

var _space: RlActionSpace
var _everything: PackedByteArray = []


func _init(space: RlActionSpace) -> void:
	_space = space
	_everything.resize(space.mask_width)
	_everything.fill(1)
	allowed = _everything


## Takes over a mask; actions that it leaves out are allowed altogether.
func read(raw: Dictionary) -> void:
	problem = ""
	allowed = _everything
	if raw.is_empty():
		return
	for key: Variant in raw:
		if _space.get_choices(str(key)) == 0:
			problem = (
				'_get_action_mask returned "%s"; the discrete actions are %s'
				% [key, _space.get_discrete_names()]
			)
			return
	var bytes: PackedByteArray = []
	for key: String in _space.get_discrete_names():
		if raw.has(key):
			bytes.append_array(_read_choices(key, raw[key]))
		else:
			bytes.append_array(_everything.slice(0, _space.get_choices(key)))
	if problem.is_empty():
		allowed = bytes


## Draws the discrete actions of [param action] anew, in place, from the choices allowed.
func redraw(action: Dictionary, rng: RandomNumberGenerator) -> void:
	var start: int = 0
	for key: String in _space.get_discrete_names():
		var end: int = start + _space.get_choices(key)
		var choices: PackedInt32Array = []
		for place: int in range(start, end):
			if allowed[place] != 0:
				choices.append(place - start)
		action[key] = choices[rng.randi_range(0, choices.size() - 1)]
		start = end


func to_json() -> String:
	var parts: PackedStringArray = []
	var start: int = 0
	for key: String in _space.get_discrete_names():
		var end: int = start + _space.get_choices(key)
		parts.append("%s:%s" % [JSON.stringify(key), Array(allowed.slice(start, end))])
		start = end
	return "{%s}" % ",".join(parts)


func _read_choices(key: String, raw: Variant) -> PackedByteArray:
	var size: int = _space.get_choices(key)
	var bytes: PackedByteArray = []
	if typeof(raw) != TYPE_ARRAY and not typeof(raw) >= TYPE_PACKED_BYTE_ARRAY:
		problem = (
			'the action mask of "%s" is %s; expected an Array of %d bools' % [key, raw, size]
		)
		return bytes
	var given: Array = raw
	for choice: Variant in given:
		if not typeof(choice) in [TYPE_BOOL, TYPE_INT, TYPE_FLOAT]:
			problem = 'the action mask of "%s" has %s in it; expected 0 or 1' % [key, choice]
			return bytes
		bytes.append(1 if choice else 0)
	if bytes.size() != size:
		problem = 'the action mask of "%s" has %d choices; expected %d' % [key, bytes.size(), size]
	elif not 1 in bytes:
		problem = 'the action mask of "%s" allows nothing' % key
	return bytes
