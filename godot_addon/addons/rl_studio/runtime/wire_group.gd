extends RefCounted
## The agents of a game that share a policy, and so their spaces: one part of every binary frame.

const ActionSpace := preload("action_space.gd")

const FLOAT_BYTES: int = 4

var policy: String
## Their numbers in the game, ascending.
var agents: PackedInt32Array = []
var action_space: ActionSpace
## Whether the agents say which discrete choices are allowed.
var is_masked: bool = false

## Observations in alphabetical order, and for each: the bytes of one agent, and whether it is a
## picture (else floats).
var names: PackedStringArray = []
var row_bytes: PackedInt32Array = []
var are_pictures: Array[bool] = []
var shapes: Dictionary[String, PackedInt32Array]


func _init(
	its_policy: String,
	its_shapes: Dictionary[String, PackedInt32Array],
	its_action_space: ActionSpace
) -> void:
	policy = its_policy
	shapes = its_shapes
	action_space = its_action_space
	for key: String in shapes:
		var count: int = 1
		for extent: int in shapes[key]:
			count *= extent
		var is_picture: bool = shapes[key].size() > 1
		names.append(key)
		are_pictures.append(is_picture)
		row_bytes.append(count if is_picture else count * FLOAT_BYTES)
