@tool
extends "stage.gd"
## A fully connected layer: its weights in blocks, those in tiles, pairs, rows and strips of blocks,
## which is ten to twenty times faster than a loop over numbers.

const RlDenseLayer := preload("dense_layer.gd")
const RlDensePair := preload("dense_pair.gd")
const RlDensePart := preload("dense_part.gd")
const RlDenseRow := preload("dense_row.gd")
const RlDenseStrip := preload("dense_strip.gd")
const RlDenseTile := preload("dense_tile.gd")
const RlStage := preload("stage.gd")

## Width without padding.
var input_count: int
var output_count: int
## How many vectors the layer is applied to in each row of the batch, one after the other.
var inner_rows: int = 1

var _parts: Array[RlDensePart] = []
var _bias: PackedVector4Array
# The bias for as many rows as in the run before.
var _biases: PackedVector4Array
# Four inputs of one output to a vector, row by row; only while the parts are made.
var _weights: PackedVector4Array


## Makes a layer from weights [inputs, outputs] in row-major order, or [outputs, inputs] if
## [param transposed], multiplied by [param factor].
static func create(
	weights: PackedFloat32Array, inputs: int, outputs: int, transposed: bool, factor: float = 1.0
) -> RlDenseLayer:
	var layer: RlDenseLayer = RlDenseLayer.new()
	layer.input_count = inputs
	layer.output_count = outputs
	layer._bias.resize(RlStage.stride_of(outputs))
	layer._bias.fill(Vector4.ZERO)
	layer._biases = layer._bias
	layer._weights = RlStage.pack(weights, outputs if transposed else inputs)
	if factor != 1.0:
		for index: int in layer._weights.size():
			layer._weights[index] *= factor
	layer._make_parts(transposed)
	layer._weights = PackedVector4Array()
	return layer


## Adds [param bias] times [param factor] to the bias; one number counts for every output.
func add_bias(bias: PackedFloat32Array, factor: float = 1.0) -> void:
	for output: int in output_count:
		@warning_ignore("integer_division")
		var index: int = output / BLOCK
		var sum: Vector4 = _bias[index]
		sum[output % BLOCK] += bias[output if bias.size() > 1 else 0] * factor
		_bias[index] = sum
	_biases = _bias


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	if inner_rows > 1:
		return _apply_inside(x, rows)
	if _biases.size() != rows * _bias.size():
		_biases = RlStage.repeated(_bias, rows)
	var sums: PackedVector4Array = _biases.duplicate()
	for part: RlDensePart in _parts:
		part.add(x, sums, rows)
	return sums


func _apply_inside(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var count: int = inner_rows
	inner_rows = 1
	var vectors: PackedVector4Array = x
	if input_count % BLOCK > 0:
		vectors = RlStage.pack(RlStage.unpack(x, count * input_count, rows), rows * count)
	vectors = apply(vectors, rows * count)
	inner_rows = count
	if output_count % BLOCK == 0:
		return vectors
	return RlStage.pack(RlStage.unpack(vectors, output_count, rows * count), rows)


func _make_parts(transposed: bool) -> void:
	var height: int = RlStage.stride_of(output_count)
	var columns: int = RlStage.stride_of(input_count)
	var tiled: int = height - height % RlDenseTile.ROWS
	for row: int in range(0, tiled, RlDenseTile.ROWS):
		var column: int = 0
		while columns - column >= RlDenseTile.COLUMNS:
			_add_part(
				RlDenseTile.new(), row, column, RlDenseTile.ROWS, RlDenseTile.COLUMNS, transposed
			)
			column += RlDenseTile.COLUMNS
		while columns - column >= RlDensePair.COLUMNS:
			_add_part(
				RlDensePair.new(), row, column, RlDensePair.ROWS, RlDensePair.COLUMNS, transposed
			)
			column += RlDensePair.COLUMNS
	if tiled > 0 and columns % RlDensePair.COLUMNS == 1:
		_add_strip(0, columns - 1, tiled, 1, transposed)
	var lined: int = columns - columns % RlDenseRow.COLUMNS
	for row: int in range(tiled, height):
		for column: int in range(0, lined, RlDenseRow.COLUMNS):
			_add_part(RlDenseRow.new(), row, column, 1, RlDenseRow.COLUMNS, transposed)
	if height > tiled and columns > lined:
		_add_strip(tiled, lined, height - tiled, columns - lined, transposed)


func _add_strip(row: int, column: int, height: int, columns: int, transposed: bool) -> void:
	_add_part(RlDenseStrip.create(height, columns), row, column, height, columns, transposed)


func _add_part(
	part: RlDensePart, row: int, column: int, height: int, columns: int, transposed: bool
) -> void:
	part.input_start = column
	part.input_stride = RlStage.stride_of(input_count)
	part.sum_start = row
	part.sum_stride = _bias.size()
	var blocks: Array[Projection] = []
	for block_row: int in range(row, row + height):
		for block_column: int in range(column, column + columns):
			if transposed:
				blocks.append(_block(block_row, block_column, part.input_stride))
			else:
				blocks.append(_transposed(_block(block_column, block_row, part.sum_stride)))
	part.fill(blocks)
	_parts.append(part)


# The four vectors from row 4 * row on, at a column; zero beyond the last row.
func _block(row: int, column: int, stride: int) -> Projection:
	var place: int = row * BLOCK * stride + column
	if place + 3 * stride < _weights.size():
		return Projection(
			_weights[place],
			_weights[place + stride],
			_weights[place + 2 * stride],
			_weights[place + 3 * stride]
		)
	var block: Projection = Projection(Vector4.ZERO, Vector4.ZERO, Vector4.ZERO, Vector4.ZERO)
	for index: int in BLOCK:
		if place + index * stride < _weights.size():
			block[index] = _weights[place + index * stride]
	return block


static func _transposed(block: Projection) -> Projection:
	return Projection(
		Vector4(block.x.x, block.y.x, block.z.x, block.w.x),
		Vector4(block.x.y, block.y.y, block.z.y, block.w.y),
		Vector4(block.x.z, block.y.z, block.z.z, block.w.z),
		Vector4(block.x.w, block.y.w, block.z.w, block.w.w)
	)
