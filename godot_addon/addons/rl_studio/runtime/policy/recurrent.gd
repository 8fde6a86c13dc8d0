@tool
extends "stage.gd"
## LSTM, GRU and RNN: any length of sequence, one direction or both. The sizes of gates and states
## are padded to whole Vector4s, so that a cell works on four units at a time.

const RlCells := preload("cells.gd")
const RlDenseLayer := preload("dense_layer.gd")
const RlPick := preload("pick.gd")
const RlRecurrent := preload("recurrent.gd")
const RlStage := preload("stage.gd")

## Whether a single direction goes from the end of the sequence to its beginning.
var goes_back: bool
## By direction: layers that the cell itself applies. Can be empty.
var late_layers: Array[RlDenseLayer] = []

var _length: int
var _directions: int
# Vector4s in a state.
var _size: int
# func(gates, hidden: PackedVector4Array, cell: PackedVector4Array, size: int), which changes the
# states in place
var _cell: Callable
# By direction: from the input and the hidden state to the gates.
var _layers: Array[RlDenseLayer] = []
# By direction: states at the beginning; empty where they come with the inputs.
var _hidden: Array[PackedVector4Array] = []
var _cells: Array[PackedVector4Array] = []
# Which of the inputs the states are; -1 if they do not change.
var _hidden_input: int
var _cell_input: int
var _steps: Array[RlPick] = []
var _by_direction: Array[RlPick] = []
var _all_outputs: RlPick
var _last_outputs: RlPick


## Makes a stage for sequences of [param length] vectors of [param inputs] numbers and states of
## [param units]. [param layers] has one layer for each direction.
static func create(
	length: int, inputs: int, units: int, layers: Array[RlDenseLayer], cell: Callable
) -> RlRecurrent:
	var stage: RlRecurrent = RlRecurrent.new()
	stage._length = length
	stage._directions = layers.size()
	stage._size = RlStage.stride_of(units)
	stage._layers = layers
	stage._cell = cell
	for index: int in length:
		stage._steps.append(_slice(index, inputs, length))
	for direction: int in layers.size():
		stage._by_direction.append(_slice(direction, units, layers.size()))
	stage._all_outputs = _joined(units, length * layers.size())
	stage._last_outputs = _joined(units, layers.size())
	return stage


## Sets where states come from: a place among the inputs, or -1 and numbers that never change.
func set_states(
	hidden_input: int, hidden: PackedFloat32Array, cell_input: int, cell: PackedFloat32Array
) -> void:
	_hidden_input = hidden_input
	_cell_input = cell_input
	for pick: RlPick in _by_direction:
		_hidden.append(pick.apply(RlStage.pack(hidden), 1))
		_cells.append(pick.apply(RlStage.pack(cell), 1))


## Returns all hidden states, the last ones, and the last cell states.
func apply_many(inputs: Array[PackedVector4Array], rows: int) -> Array[PackedVector4Array]:
	var outputs: Array[PackedVector4Array] = []
	outputs.resize(_length * _directions)
	var hidden_states: Array[PackedVector4Array] = []
	var cell_states: Array[PackedVector4Array] = []
	for direction: int in _directions:
		var hidden: PackedVector4Array = _start(inputs, _hidden_input, _hidden, direction, rows)
		var cell: PackedVector4Array = _start(inputs, _cell_input, _cells, direction, rows)
		for index: int in _length:
			var back: bool = direction == 1 or goes_back
			var place: int = _length - 1 - index if back else index
			var x: PackedVector4Array = _steps[place].apply(inputs[0], rows)
			x = _interleave(x, hidden, rows)
			x = _layers[direction].apply(x, rows)
			if late_layers.is_empty():
				_cell.call(x, hidden, cell, _size)
			else:
				_cell.call(x, hidden, cell, _size, late_layers[direction])
			outputs[place * _directions + direction] = hidden.duplicate()
		hidden_states.append(hidden)
		cell_states.append(cell)
	return [
		_all_outputs.apply_many(outputs, rows)[0],
		_last_outputs.apply_many(hidden_states, rows)[0],
		_last_outputs.apply_many(cell_states, rows)[0],
	]


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	return apply_many([x], rows)[0]


func combine(x: PackedVector4Array, y: PackedVector4Array, rows: int) -> PackedVector4Array:
	return apply_many([x, y], rows)[0]


# States that may be changed.
func _start(
	inputs: Array[PackedVector4Array],
	input: int,
	constants: Array[PackedVector4Array],
	direction: int,
	rows: int
) -> PackedVector4Array:
	if input < 0:
		return RlStage.repeated(constants[direction], rows)
	return _by_direction[direction].apply(inputs[input], rows)


# Row by row, what is in x and then what is in y.
static func _interleave(
	x: PackedVector4Array, y: PackedVector4Array, rows: int
) -> PackedVector4Array:
	var result: PackedVector4Array = PackedVector4Array()
	@warning_ignore("integer_division")
	var width: int = x.size() / rows
	@warning_ignore("integer_division")
	var other: int = y.size() / rows
	for row: int in rows:
		result.append_array(x.slice(row * width, (row + 1) * width))
		result.append_array(y.slice(row * other, (row + 1) * other))
	return result


static func _slice(index: int, width: int, count: int) -> RlPick:
	var positions: PackedInt64Array = PackedInt64Array(range(index * width, (index + 1) * width))
	return RlPick.create(positions, [count * width])


static func _joined(width: int, count: int) -> RlPick:
	var widths: PackedInt64Array = PackedInt64Array()
	widths.resize(count)
	widths.fill(width)
	return RlPick.create(PackedInt64Array(range(count * width)), widths)
