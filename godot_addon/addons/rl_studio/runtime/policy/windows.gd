@tool
extends RefCounted
## Where the windows of a convolution or a pooling lie: any number of axes, steps, padding.

const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")
const RlWindows := preload("windows.gd")

## In [method make_positions]: outside of the picture.
const OUTSIDE: int = -1

## Size of a window, of the picture, and how many windows there are, by axis.
var kernel: PackedInt64Array
var input: PackedInt64Array
var output: PackedInt64Array

var _strides: PackedInt64Array
var _dilations: PackedInt64Array
var _pads: PackedInt64Array


## Reads the attributes of [param step] for a value of [param shape], (batch, channels, …). Returns
## null and notes the problem if the windows do not fit.
static func read(
	step: RlStep, shape: PackedInt64Array, kernel_shape: PackedInt64Array
) -> RlWindows:
	var windows: RlWindows = RlWindows.new()
	windows.input = shape.slice(2)
	var axes: int = windows.input.size()
	windows.kernel = kernel_shape
	windows._strides = step.attributes.get("strides", _same(1, axes))
	windows._dilations = step.attributes.get("dilations", _same(1, axes))
	windows._pads = step.attributes.get("pads", _same(0, 2 * axes))
	var lists: Array[PackedInt64Array] = [kernel_shape, windows._strides, windows._dilations]
	for list: PackedInt64Array in lists:
		if axes < 1 or list.size() != axes or windows._pads.size() != 2 * axes:
			var message: String = "a kernel of %s does not fit shape %s" % [kernel_shape, shape]
			step.fail(message)
			return null
	var steps: Array = Array(kernel_shape + windows._strides + windows._dilations)
	if steps.min() < 1 or steps.max() > step.limit:
		step.fail("kernel, strides and dilations have to be from 1 to %d" % step.limit)
		return null
	if Array(windows._pads).min() < 0 or Array(windows._pads).max() > step.limit:
		step.fail("pads of %s are not from 0 to %d" % [windows._pads, step.limit])
		return null
	var mode: String = step.attributes.get("auto_pad", "NOTSET")
	for axis: int in axes:
		var length: int = windows._place(axis, mode, step.int_attribute("ceil_mode", 0) != 0)
		if length < 1:
			step.fail("a kernel of %s is larger than %s" % [kernel_shape, windows.input])
			return null
		windows.output.append(length)
	return windows if step.can_afford(windows.output + kernel_shape) else null


static func _same(value: int, count: int) -> PackedInt64Array:
	var list: PackedInt64Array = PackedInt64Array()
	list.resize(count)
	list.fill(value)
	return list


## Positions in one channel, window after window; [constant OUTSIDE] in the padding.
func make_positions() -> PackedInt64Array:
	var positions: PackedInt64Array = PackedInt64Array()
	var offsets: Array[PackedInt64Array] = _points(kernel)
	var place: PackedInt64Array = RlTensor.strides_of(input)
	for corner: PackedInt64Array in _points(output):
		for offset: PackedInt64Array in offsets:
			var position: int = 0
			for axis: int in input.size():
				var at: int = corner[axis] * _strides[axis] - _pads[axis]
				at += offset[axis] * _dilations[axis]
				if at < 0 or at >= input[axis]:
					position = OUTSIDE
					break
				position += at * place[axis]
			positions.append(position)
	return positions


# Completes the padding of an axis. Returns how many windows there are along it.
func _place(axis: int, mode: String, rounds_up: bool) -> int:
	var reach: int = (kernel[axis] - 1) * _dilations[axis] + 1
	var stride: int = _strides[axis]
	if mode.begins_with("SAME"):
		var count: int = ceili(float(input[axis]) / stride)
		var total: int = maxi(0, (count - 1) * stride + reach - input[axis])
		_pads[axis] = total >> 1 if mode == "SAME_UPPER" else (total + 1) >> 1
		return count
	var end: int = axis + input.size()
	var room: float = input[axis] + _pads[axis] + _pads[end] - reach
	if not rounds_up:
		return floori(room / stride) + 1
	var length: int = ceili(room / stride) + 1
	# The last window must begin in the picture or the padding before it.
	return length - 1 if (length - 1) * stride >= input[axis] + _pads[axis] else length


# All places of a grid, the last axis fastest.
static func _points(lengths: PackedInt64Array) -> Array[PackedInt64Array]:
	var points: Array[PackedInt64Array] = [PackedInt64Array()]
	for length: int in lengths:
		var longer: Array[PackedInt64Array] = []
		for point: PackedInt64Array in points:
			for index: int in length:
				var next: PackedInt64Array = point.duplicate()
				next.append(index)
				longer.append(next)
		points = longer
	return points
