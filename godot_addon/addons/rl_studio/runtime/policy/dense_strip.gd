@tool
extends "dense_part.gd"
## A rectangle of any size: what tiles leave over. Rows of blocks are worked on four at a time.

const RlDensePart := preload("dense_part.gd")
const RlDenseStrip := preload("dense_strip.gd")

# How many rows of blocks are worked on side by side, which saves a third of the time.
const LANES: int = 4

var _columns: int
var _height: int
# Row 0 in lane 0, row 1 in lane 1 … row 4 in lane 0.
var _lanes: Array[Array] = []
# The rows that do not fill all lanes, one after another.
var _rest: Array[Projection] = []


## Makes a rectangle of [param height] rows and [param columns] columns of blocks.
static func create(height: int, columns: int) -> RlDenseStrip:
	var strip: RlDenseStrip = RlDenseStrip.new()
	strip._height = height
	strip._columns = columns
	return strip


func fill(blocks: Array[Projection]) -> void:
	for lane: int in LANES:
		var lane_blocks: Array[Projection] = []
		_lanes.append(lane_blocks)
	var full: int = _height - _height % LANES
	for row: int in full:
		_lanes[row % LANES].append_array(blocks.slice(row * _columns, (row + 1) * _columns))
	_rest = blocks.slice(full * _columns)


func add(x: PackedVector4Array, sums: PackedVector4Array, rows: int) -> void:
	for row: int in rows:
		var start: int = row * input_stride + input_start
		var inputs: PackedVector4Array = x.slice(start, start + _columns)
		var first: int = row * sum_stride + sum_start
		if _height >= LANES:
			_add_lanes(inputs, sums, first)
		if not _rest.is_empty():
			_add_rest(inputs, sums, first + _height - _height % LANES)


func _add_lanes(inputs: PackedVector4Array, sums: PackedVector4Array, first: int) -> void:
	var lane_0: Array[Projection] = _lanes[0]
	var lane_1: Array[Projection] = _lanes[1]
	var lane_2: Array[Projection] = _lanes[2]
	var lane_3: Array[Projection] = _lanes[3]
	var block: int = 0
	for row: int in range(first, first + _height - _height % LANES, LANES):
		var sum_0: Vector4 = sums[row]
		var sum_1: Vector4 = sums[row + 1]
		var sum_2: Vector4 = sums[row + 2]
		var sum_3: Vector4 = sums[row + 3]
		for values: Vector4 in inputs:
			sum_0 += values * lane_0[block]
			sum_1 += values * lane_1[block]
			sum_2 += values * lane_2[block]
			sum_3 += values * lane_3[block]
			block += 1
		sums[row] = sum_0
		sums[row + 1] = sum_1
		sums[row + 2] = sum_2
		sums[row + 3] = sum_3


func _add_rest(inputs: PackedVector4Array, sums: PackedVector4Array, first: int) -> void:
	var blocks: Array[Projection] = _rest
	var block: int = 0
	for row: int in range(first, first + _height % LANES):
		var sum: Vector4 = sums[row]
		for values: Vector4 in inputs:
			sum += values * blocks[block]
			block += 1
		sums[row] = sum
