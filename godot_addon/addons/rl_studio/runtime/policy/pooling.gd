@tool
extends "stage.gd"
## Largest or mean numbers under windows, channel by channel.

const RlPooling := preload("pooling.gd")
const RlStage := preload("stage.gd")
const RlWindows := preload("windows.gd")

var _positions: PackedInt64Array
var _kernel: int
var _area: int
var _channels: int
var _takes_mean: bool
var _counts_padding: bool


## Makes a stage for [param channels] channels: means if [param takes_mean], else the largest
## numbers. Numbers in the padding are zeros of the mean if [param counts_padding].
static func create(
	windows: RlWindows, channels: int, takes_mean: bool, counts_padding: bool
) -> RlPooling:
	var stage: RlPooling = RlPooling.new()
	stage._positions = windows.make_positions()
	stage._kernel = 1
	for length: int in windows.kernel:
		stage._kernel *= length
	stage._area = 1
	for length: int in windows.input:
		stage._area *= length
	stage._channels = channels
	stage._takes_mean = takes_mean
	stage._counts_padding = counts_padding
	return stage


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var floats: PackedFloat32Array = RlStage.unpack(x, _channels * _area, rows)
	var result: PackedFloat32Array = PackedFloat32Array()
	for start: int in range(0, floats.size(), _area):
		for first: int in range(0, _positions.size(), _kernel):
			result.append(_pool(floats, start, first))
	return RlStage.pack(result, rows)


func _pool(floats: PackedFloat32Array, start: int, first: int) -> float:
	var most: float = -INF
	var sum: float = 0.0
	var count: int = 0
	for index: int in range(first, first + _kernel):
		if _positions[index] != RlWindows.OUTSIDE:
			var value: float = floats[start + _positions[index]]
			most = maxf(most, value)
			sum += value
			count += 1
	if not _takes_mean:
		return most
	return sum / (_kernel if _counts_padding else count)
