@tool
extends RefCounted
## A part of a network that is ready to run, for many agents at once. Values are rows, one for each
## agent: its numbers, four to a Vector4, padded to a multiple of four. What a stage leaves in the
## padding is finite and never counts.

const BLOCK: int = 4

static var _double_precision: bool = OS.has_feature("double")

## True if nobody else reads the input: the result may be written over it.
var owns_input: bool = false


## Vector4s in a row of [param width] numbers.
static func stride_of(width: int) -> int:
	return (width + BLOCK - 1) >> 2


## Packs rows of equally many numbers, one after the other; fills up each with zeros.
static func pack(values: PackedFloat32Array, rows: int = 1) -> PackedVector4Array:
	@warning_ignore("integer_division")
	var width: int = values.size() / maxi(rows, 1)
	if width % BLOCK > 0:
		values = _padded(values, rows, width)
	if _double_precision:
		return PackedFloat64Array(Array(values)).to_byte_array().to_vector4_array()
	return values.to_byte_array().to_vector4_array()


## The opposite of [method pack] for rows of [param width] numbers.
static func unpack(vectors: PackedVector4Array, width: int, rows: int = 1) -> PackedFloat32Array:
	var values: PackedFloat32Array = to_floats(vectors)
	if rows == 1:
		values.resize(width)
		return values
	if width % BLOCK == 0:
		return values
	var stride: int = stride_of(width) * BLOCK
	var result: PackedFloat32Array = PackedFloat32Array()
	for row: int in rows:
		result.append_array(values.slice(row * stride, row * stride + width))
	return result


## All numbers, padding included.
static func to_floats(vectors: PackedVector4Array) -> PackedFloat32Array:
	if _double_precision:
		return PackedFloat32Array(Array(vectors.to_byte_array().to_float64_array()))
	return vectors.to_byte_array().to_float32_array()


## [param row] over and over again, [param rows] times.
static func repeated(row: PackedVector4Array, rows: int) -> PackedVector4Array:
	var result: PackedVector4Array = row.duplicate()
	while result.size() < rows * row.size():
		result.append_array(result.slice(0, rows * row.size() - result.size()))
	return result


## Puts zeros into the padding of rows of [param width] numbers.
static func clean(vectors: PackedVector4Array, width: int, rows: int) -> void:
	var stride: int = stride_of(width)
	for last: int in range(stride - 1, rows * stride, stride):
		var vector: Vector4 = vectors[last]
		for place: int in range((width - 1) % BLOCK + 1, BLOCK):
			vector[place] = 0.0
		vectors[last] = vector


static func _padded(values: PackedFloat32Array, rows: int, width: int) -> PackedFloat32Array:
	var padding: PackedFloat32Array = PackedFloat32Array()
	padding.resize(BLOCK - width % BLOCK)
	padding.fill(0.0)
	var result: PackedFloat32Array = PackedFloat32Array()
	for row: int in rows:
		result.append_array(values.slice(row * width, (row + 1) * width))
		result.append_array(padding)
	return result


## The result for [param rows] rows of the only input.
func apply(x: PackedVector4Array, _rows: int) -> PackedVector4Array:
	return x


## The same for a stage with two inputs.
func combine(_x: PackedVector4Array, y: PackedVector4Array, _rows: int) -> PackedVector4Array:
	return y


## The same for a stage with any number of inputs and results.
func apply_many(inputs: Array[PackedVector4Array], rows: int) -> Array[PackedVector4Array]:
	if inputs.size() == 2:
		return [combine(inputs[0], inputs[1], rows)]
	return [apply(inputs[0], rows)]
