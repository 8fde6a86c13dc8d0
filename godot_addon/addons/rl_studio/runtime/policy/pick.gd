@tool
extends "stage.gd"
## Puts numbers of some values into a new order: everything that slices, joins, turns and repeats.

const RlPick := preload("pick.gd")
const RlStage := preload("stage.gd")

## Shorter pieces than this, on average, are faster number by number.
const SHORT: float = 3.0

var _width: int
# Vector4s in a row of each value; 0 for a constant, which has the same row for all agents.
var _strides: PackedInt32Array
# Constants by index of the value.
var _constants: Dictionary[int, PackedVector4Array] = {}
# Value, start and length of each piece.
var _pieces: Array[Vector3i] = []
# Whether all pieces begin at, and go to, whole Vector4s.
var _is_aligned: bool = true
# What is picked, counted through all values.
var _positions: PackedInt64Array
var _widths: PackedInt64Array


## Makes a stage that picks the numbers at [param positions], counted through all values, which have
## [param widths].
static func create(positions: PackedInt64Array, widths: PackedInt64Array) -> RlPick:
	var pick: RlPick = RlPick.new()
	pick._width = positions.size()
	pick._positions = positions
	pick._widths = widths
	var starts: PackedInt64Array = [0]
	for width: int in widths:
		pick._strides.append(RlStage.stride_of(width))
		starts.append(starts[-1] + width)
	var done: int = 0
	while done < positions.size():
		var value: int = starts.bsearch(positions[done], false) - 1
		var length: int = 1
		while (
			done + length < positions.size()
			and positions[done + length] == positions[done] + length
			and positions[done + length] < starts[value + 1]
		):
			length += 1
		var start: int = positions[done] - starts[value]
		pick._pieces.append(Vector3i(value, start, length))
		done += length
		var whole: bool = length % BLOCK == 0 or done == positions.size()
		pick._is_aligned = pick._is_aligned and start % BLOCK == 0 and whole
	return pick


## Sets the value at [param index] to numbers that never change.
func set_constant(index: int, numbers: PackedFloat32Array) -> void:
	_constants[index] = RlStage.pack(numbers)
	_strides[index] = 0


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	return apply_many([x], rows)[0]


func combine(x: PackedVector4Array, y: PackedVector4Array, rows: int) -> PackedVector4Array:
	return apply_many([x, y], rows)[0]


## Whether all numbers stay as and where they are, one value after the other.
func is_join() -> bool:
	return _constants.is_empty() and _positions == PackedInt64Array(range(_total()))


func _total() -> int:
	var sum: int = 0
	for width: int in _widths:
		sum += width
	return sum


## Takes the values that change only.
func apply_many(inputs: Array[PackedVector4Array], rows: int) -> Array[PackedVector4Array]:
	var values: Array[PackedVector4Array] = inputs
	if not _constants.is_empty():
		values = []
		for index: int in _strides.size():
			values.append(
				_constants[index] if _constants.has(index) else inputs[index - _passed(index)]
			)
	if _is_aligned:
		return [_join_vectors(values, rows)]
	if _pieces.size() * SHORT > _width:
		return [_join_numbers(values, rows)]
	return [_join_pieces(values, rows)]


# How many constants come before the value.
func _passed(index: int) -> int:
	var count: int = 0
	for constant: int in _constants:
		count += int(constant < index)
	return count


func _join_vectors(values: Array[PackedVector4Array], rows: int) -> PackedVector4Array:
	var result: PackedVector4Array = PackedVector4Array()
	for row: int in rows:
		for piece: Vector3i in _pieces:
			var start: int = row * _strides[piece.x] + (piece.y >> 2)
			result.append_array(values[piece.x].slice(start, start + ((piece.z + 3) >> 2)))
	return result


func _join_pieces(values: Array[PackedVector4Array], rows: int) -> PackedVector4Array:
	var floats: Array[PackedFloat32Array] = []
	for value: PackedVector4Array in values:
		floats.append(RlStage.to_floats(value))
	var result: PackedFloat32Array = PackedFloat32Array()
	for row: int in rows:
		for piece: Vector3i in _pieces:
			var start: int = row * _strides[piece.x] * BLOCK + piece.y
			result.append_array(floats[piece.x].slice(start, start + piece.z))
	return RlStage.pack(result, rows)


func _join_numbers(values: Array[PackedVector4Array], rows: int) -> PackedVector4Array:
	var floats: Array[PackedFloat32Array] = []
	for value: PackedVector4Array in values:
		floats.append(RlStage.to_floats(value))
	var result: PackedFloat32Array = PackedFloat32Array()
	result.resize(rows * _width)
	var place: int = 0
	for row: int in rows:
		var numbers: PackedFloat32Array = PackedFloat32Array()
		for value: int in floats.size():
			var start: int = row * _strides[value] * BLOCK
			numbers.append_array(floats[value].slice(start, start + _widths[value]))
		for position: int in _positions:
			result[place] = numbers[position]
			place += 1
	return RlStage.pack(result, rows)
