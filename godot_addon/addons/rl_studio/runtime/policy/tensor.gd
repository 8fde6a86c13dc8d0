@tool
extends RefCounted
## A value inside a network: numbers in row-major order and a shape. Never changed once made, so
## tensors may share their arrays.

const RlTensor := preload("tensor.gd")

## Sizes by axis; empty for a scalar.
var shape: PackedInt64Array
## True if the numbers are in [member ints] (integers, booleans), false if in [member floats].
var is_int: bool
var floats: PackedFloat32Array
var ints: PackedInt64Array


## Makes a tensor of real numbers.
static func of_floats(values: PackedFloat32Array, with_shape: PackedInt64Array) -> RlTensor:
	var tensor: RlTensor = RlTensor.new()
	tensor.floats = values
	tensor.shape = with_shape
	return tensor


## Makes a tensor of integers.
static func of_ints(values: PackedInt64Array, with_shape: PackedInt64Array) -> RlTensor:
	var tensor: RlTensor = RlTensor.new()
	tensor.ints = values
	tensor.is_int = true
	tensor.shape = with_shape
	return tensor


## Makes a tensor of zeros, real numbers.
static func zeros(with_shape: PackedInt64Array) -> RlTensor:
	var values: PackedFloat32Array = PackedFloat32Array()
	values.resize(size_of(with_shape))
	values.fill(0.0)
	return of_floats(values, with_shape)


## Number of elements of a tensor with [param of_shape].
static func size_of(of_shape: PackedInt64Array) -> int:
	var product: int = 1
	for length: int in of_shape:
		product *= length
	return product


## Distance in elements between neighbours along each axis of [param of_shape].
static func strides_of(of_shape: PackedInt64Array) -> PackedInt64Array:
	var strides: PackedInt64Array = of_shape.duplicate()
	var stride: int = 1
	for axis: int in range(of_shape.size() - 1, -1, -1):
		strides[axis] = stride
		stride *= of_shape[axis]
	return strides


## Element positions of a view with [param of_shape] that moves by [param strides] from
## [param start]: the common core of expanding, transposing and slicing.
static func strided_positions(
	of_shape: PackedInt64Array, strides: PackedInt64Array, start: int = 0
) -> PackedInt64Array:
	var positions: PackedInt64Array = [start]
	for axis: int in of_shape.size():
		var longer: PackedInt64Array = PackedInt64Array()
		for position: int in positions:
			for step: int in of_shape[axis]:
				longer.append(position + step * strides[axis])
		positions = longer
	return positions


## Number of elements.
func count() -> int:
	return ints.size() if is_int else floats.size()


## The same numbers under another shape of as many elements.
func reshaped(to_shape: PackedInt64Array) -> RlTensor:
	return of_ints(ints, to_shape) if is_int else of_floats(floats, to_shape)


## A new tensor from the elements at [param positions].
func picked(positions: PackedInt64Array, to_shape: PackedInt64Array) -> RlTensor:
	if is_int:
		var chosen_ints: PackedInt64Array = positions.duplicate()
		for index: int in positions.size():
			chosen_ints[index] = ints[positions[index]]
		return of_ints(chosen_ints, to_shape)
	var chosen: PackedFloat32Array = PackedFloat32Array()
	chosen.resize(positions.size())
	for index: int in positions.size():
		chosen[index] = floats[positions[index]]
	return of_floats(chosen, to_shape)


## This tensor repeated along missing axes and axes of length 1 until it has [param to_shape].
func expanded(to_shape: PackedInt64Array) -> RlTensor:
	if shape == to_shape:
		return self
	var own: PackedInt64Array = strides_of(shape)
	var strides: PackedInt64Array = to_shape.duplicate()
	strides.fill(0)
	var offset: int = to_shape.size() - shape.size()
	for axis: int in shape.size():
		if shape[axis] != 1:
			strides[axis + offset] = own[axis]
	return picked(strided_positions(to_shape, strides), to_shape)


## The numbers as reals. The array may be shared: duplicate it before a change.
func as_floats() -> PackedFloat32Array:
	return PackedFloat32Array(Array(ints)) if is_int else floats


## The numbers as integers, cut towards zero. The array may be shared.
func as_ints() -> PackedInt64Array:
	if is_int:
		return ints
	var cut: PackedInt64Array = PackedInt64Array()
	for value: float in floats:
		cut.append(int(value))
	return cut
