@tool
extends "stage.gd"
## A convolution: the numbers under each window become a row, and a dense layer is applied to all of
## these rows at once.

const RlConvolution := preload("convolution.gd")
const RlDenseLayer := preload("dense_layer.gd")
const RlStage := preload("stage.gd")
const RlWindows := preload("windows.gd")

# Numbers of the input by place, row by row; one beyond the input is zero.
var _positions: PackedInt32Array
var _input_width: int
var _windows: int
# One for each group of channels.
var _layers: Array[RlDenseLayer] = []


## Makes a stage. [param weights] are (outputs, channels of a group, kernel…); [param bias] is empty
## or has one number per output.
static func create(
	windows: RlWindows,
	weights: PackedFloat32Array,
	outputs: int,
	channels: int,
	groups: int,
	bias: PackedFloat32Array
) -> RlConvolution:
	var stage: RlConvolution = RlConvolution.new()
	@warning_ignore("integer_division")
	var share: int = outputs / groups
	@warning_ignore("integer_division")
	var width: int = weights.size() / outputs
	for group: int in groups:
		var start: int = group * share
		var own: PackedFloat32Array = weights.slice(start * width, (start + share) * width)
		var layer: RlDenseLayer = RlDenseLayer.create(own, width, share, true)
		if not bias.is_empty():
			layer.add_bias(bias.slice(start, start + share))
		stage._layers.append(layer)
	stage._find_positions(windows, channels)
	return stage


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var floats: PackedFloat32Array = RlStage.to_floats(x)
	var stride: int = RlStage.stride_of(_input_width) * BLOCK
	var result: PackedFloat32Array = PackedFloat32Array()
	for row: int in rows:
		var picture: PackedFloat32Array = floats.slice(row * stride, row * stride + _input_width)
		picture.append(0.0)
		_convolve(picture, result)
	return RlStage.pack(result, rows)


# Appends the result, channel by channel.
func _convolve(picture: PackedFloat32Array, result: PackedFloat32Array) -> void:
	@warning_ignore("integer_division")
	var share: int = _positions.size() / _layers.size()
	for group: int in _layers.size():
		var numbers: PackedFloat32Array = PackedFloat32Array()
		numbers.resize(share)
		var place: int = 0
		for position: int in _positions.slice(group * share, (group + 1) * share):
			numbers[place] = picture[position]
			place += 1
		var layer: RlDenseLayer = _layers[group]
		var maps: PackedFloat32Array = RlStage.to_floats(
			layer.apply(RlStage.pack(numbers), _windows)
		)
		var stride: int = RlStage.stride_of(layer.output_count) * BLOCK
		for channel: int in layer.output_count:
			for index: int in range(channel, maps.size(), stride):
				result.append(maps[index])


func _find_positions(windows: RlWindows, channels: int) -> void:
	var inside: PackedInt64Array = windows.make_positions()
	var kernel: int = 1
	for length: int in windows.kernel:
		kernel *= length
	var area: int = 1
	for length: int in windows.input:
		area *= length
	_input_width = channels * area
	@warning_ignore("integer_division")
	_windows = inside.size() / kernel
	@warning_ignore("integer_division")
	var share: int = channels / _layers.size()
	var padding: int = -share * kernel % BLOCK + BLOCK
	for group: int in _layers.size():
		for start: int in range(0, inside.size(), kernel):
			for channel: int in range(group * share, (group + 1) * share):
				for index: int in range(start, start + kernel):
					var outside: bool = inside[index] == RlWindows.OUTSIDE
					_positions.append(_input_width if outside else channel * area + inside[index])
			for index: int in padding % BLOCK:
				_positions.append(_input_width)
