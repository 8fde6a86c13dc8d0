@tool
extends RefCounted
## The cells of LSTM, GRU and RNN, and the dense layers before them. A layer takes the input and the
## hidden state of a cell, both padded to whole Vector4s, and makes its gates, padded alike.

const RlCells := preload("cells.gd")
const RlDenseLayer := preload("dense_layer.gd")
const RlStage := preload("stage.gd")

const BLOCK: int = 4

## Units of a state, without padding.
var units: int
var _inputs: int
var _weights: PackedFloat32Array
var _recurrent: PackedFloat32Array
var _biases: PackedFloat32Array
var _rows: PackedFloat32Array = PackedFloat32Array()
var _bias: PackedFloat32Array = PackedFloat32Array()


## For the weights of one direction: of inputs (gates * units, inputs), of hidden states (gates *
## units, units), and 2 * gates * units biases, or none.
static func of(
	weights: PackedFloat32Array,
	recurrent: PackedFloat32Array,
	biases: PackedFloat32Array,
	unit_count: int
) -> RlCells:
	var cells: RlCells = RlCells.new()
	cells.units = unit_count
	cells._weights = weights
	cells._recurrent = recurrent
	cells._biases = biases
	@warning_ignore("integer_division")
	var rows: int = recurrent.size() / unit_count
	@warning_ignore("integer_division")
	cells._inputs = weights.size() / rows
	return cells


## Changes the states after [param gates] i, o, f and c, row after row.
static func lstm(
	gates: PackedVector4Array, hidden: PackedVector4Array, cell: PackedVector4Array, size: int
) -> void:
	var one: Vector4 = Vector4.ONE
	var two: Vector4 = one + one
	for index: int in hidden.size():
		@warning_ignore("integer_division")
		var gate: int = index + index / size * size * 3
		var i: Vector4 = gates[gate]
		i = one / (one + Vector4(exp(-i.x), exp(-i.y), exp(-i.z), exp(-i.w)))
		var o: Vector4 = gates[gate + size]
		o = one / (one + Vector4(exp(-o.x), exp(-o.y), exp(-o.z), exp(-o.w)))
		var f: Vector4 = gates[gate + 2 * size]
		f = one / (one + Vector4(exp(-f.x), exp(-f.y), exp(-f.z), exp(-f.w)))
		var g: Vector4 = gates[gate + 3 * size] * 2.0
		g = one - two / (one + Vector4(exp(g.x), exp(g.y), exp(g.z), exp(g.w)))
		g = f * cell[index] + i * g
		cell[index] = g
		g += g
		hidden[index] = o * (one - two / (one + Vector4(exp(g.x), exp(g.y), exp(g.z), exp(g.w))))


## Changes the hidden state after gates z and r, and the two parts of h: that of the input and that
## of the hidden state.
static func gru(
	gates: PackedVector4Array, hidden: PackedVector4Array, _cell: PackedVector4Array, size: int
) -> void:
	var one: Vector4 = Vector4.ONE
	for index: int in hidden.size():
		@warning_ignore("integer_division")
		var gate: int = index + index / size * size * 3
		var z: Vector4 = gates[gate]
		z = one / (one + Vector4(exp(-z.x), exp(-z.y), exp(-z.z), exp(-z.w)))
		var r: Vector4 = gates[gate + size]
		r = one / (one + Vector4(exp(-r.x), exp(-r.y), exp(-r.z), exp(-r.w)))
		hidden[index] = _mixed(
			z, gates[gate + 2 * size] + r * gates[gate + 3 * size], hidden[index]
		)


## The same for a GRU whose gate r comes before the layer of the hidden state, [param late].
static func early_gru(
	gates: PackedVector4Array,
	hidden: PackedVector4Array,
	_cell: PackedVector4Array,
	size: int,
	late: RlDenseLayer
) -> void:
	var one: Vector4 = Vector4.ONE
	var reset: PackedVector4Array = hidden.duplicate()
	for index: int in hidden.size():
		@warning_ignore("integer_division")
		var r: Vector4 = gates[index + index / size * size * 2 + size]
		r = one / (one + Vector4(exp(-r.x), exp(-r.y), exp(-r.z), exp(-r.w)))
		reset[index] = r * hidden[index]
	@warning_ignore("integer_division")
	reset = late.apply(reset, hidden.size() / size)
	for index: int in hidden.size():
		@warning_ignore("integer_division")
		var gate: int = index + index / size * size * 2
		var z: Vector4 = gates[gate]
		z = one / (one + Vector4(exp(-z.x), exp(-z.y), exp(-z.z), exp(-z.w)))
		hidden[index] = _mixed(z, gates[gate + 2 * size] + reset[index], hidden[index])


## Makes the gate the hidden state, through tanh.
static func rnn(
	gates: PackedVector4Array, hidden: PackedVector4Array, _cell: PackedVector4Array, _size: int
) -> void:
	for index: int in hidden.size():
		var v: Vector4 = gates[index]
		hidden[index] = Vector4(tanh(v.x), tanh(v.y), tanh(v.z), tanh(v.w))


static func _mixed(z: Vector4, v: Vector4, before: Vector4) -> Vector4:
	var h: Vector4 = Vector4(tanh(v.x), tanh(v.y), tanh(v.z), tanh(v.w))
	return h + z * (before - h)


## Adds a gate to the layer that is being made: the one at [param index] in the weights, of the
## input, of the hidden state, or of both.
func add_gate(index: int, of_input: bool, of_hidden: bool) -> void:
	var width: int = RlStage.stride_of(_inputs) * BLOCK
	var depth: int = RlStage.stride_of(units) * BLOCK
	for unit: int in depth:
		var row: int = index * units + unit
		var is_real: bool = unit < units
		var weights: PackedFloat32Array = PackedFloat32Array()
		if is_real and of_input:
			weights = _weights.slice(row * _inputs, (row + 1) * _inputs)
		_append_padded(weights, width)
		weights = PackedFloat32Array()
		if is_real and of_hidden:
			weights = _recurrent.slice(row * units, (row + 1) * units)
		_append_padded(weights, depth)
		var bias: float = 0.0
		if is_real and not _biases.is_empty():
			@warning_ignore("integer_division")
			var half: int = _biases.size() / 2
			bias += _biases[row] if of_input else 0.0
			bias += _biases[half + row] if of_hidden else 0.0
		_bias.append(bias)


## The layer from input and hidden state to the gates added.
func make_layer() -> RlDenseLayer:
	var width: int = (RlStage.stride_of(_inputs) + RlStage.stride_of(units)) * BLOCK
	return _make(_rows, width)


## The layer from a hidden state alone to the only gate added.
func make_late_layer() -> RlDenseLayer:
	var width: int = RlStage.stride_of(_inputs) * BLOCK
	var depth: int = RlStage.stride_of(units) * BLOCK
	var rows: PackedFloat32Array = PackedFloat32Array()
	for start: int in range(0, _rows.size(), width + depth):
		rows.append_array(_rows.slice(start + width, start + width + depth))
	return _make(rows, depth)


func _make(rows: PackedFloat32Array, width: int) -> RlDenseLayer:
	var layer: RlDenseLayer = RlDenseLayer.create(rows, width, _bias.size(), true)
	layer.add_bias(_bias)
	return layer


func _append_padded(numbers: PackedFloat32Array, width: int) -> void:
	_rows.append_array(numbers)
	var padding: PackedFloat32Array = PackedFloat32Array()
	padding.resize(width - numbers.size())
	padding.fill(0.0)
	_rows.append_array(padding)
