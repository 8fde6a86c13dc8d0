extends RefCounted
## The agents of a game that share a policy, and so their spaces: one part of every binary frame.
## They sit in rows; a row may be empty.

const RlActionSpace := preload("action_space.gd")
const RlSeat := preload("seat.gd")

const FLOAT_BYTES: int = 4

var policy: String
## How many agents can be trained at once.
var rows: int = 0
## By row; null where it is empty.
var seats: Array[RlSeat] = []
## The rows that are taken, ascending, and who sits there.
var taken: PackedInt32Array = []
var present: Array[RlSeat] = []
## Null until the first agent has come.
var action_space: RlActionSpace = null
## Whether the agents say which discrete choices are allowed.
var is_masked: bool = false
## The agent that the others must be like, for messages.
var first_path: String = ""

## Observations in alphabetical order, and for each: the bytes of one agent, and whether it is a
## picture (else floats).
var names: PackedStringArray = []
var row_bytes: PackedInt32Array = []
var are_pictures: Array[bool] = []
var shapes: Dictionary[String, PackedInt32Array] = {}


func _init(its_policy: String) -> void:
	policy = its_policy


## Takes over the spaces of its first agent.
func learn(
	its_shapes: Dictionary[String, PackedInt32Array],
	its_action_space: RlActionSpace,
	path: String = ""
) -> void:
	shapes = its_shapes
	action_space = its_action_space
	first_path = path
	for key: String in shapes:
		var count: int = 1
		for extent: int in shapes[key]:
			count *= extent
		var is_picture: bool = shapes[key].size() > 1
		names.append(key)
		are_pictures.append(is_picture)
		row_bytes.append(count if is_picture else count * FLOAT_BYTES)


## Makes room for [param count] agents; there is never less room than before.
func set_rows(count: int) -> void:
	rows = maxi(rows, count)
	seats.resize(rows)


## Returns the first empty row, or -1.
func find_free_row() -> int:
	return seats.find(null)


## Sets who sits in a row; null leaves it empty. [method list_present] must follow.
func put(row: int, seat: RlSeat) -> void:
	seats[row] = seat


func list_present() -> void:
	taken.clear()
	present.clear()
	for row: int in rows:
		if seats[row] != null:
			taken.append(row)
			present.append(seats[row])
