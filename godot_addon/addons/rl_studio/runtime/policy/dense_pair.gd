@tool
extends "dense_part.gd"
## 8 inputs by 32 outputs, for what is too narrow for [code]dense_tile.gd[/code] and made alike.

const ROWS: int = 8
const COLUMNS: int = 2

# Named w, row, column; in the order of the blocks.
var w00: Projection
var w01: Projection
var w10: Projection
var w11: Projection
var w20: Projection
var w21: Projection
var w30: Projection
var w31: Projection
var w40: Projection
var w41: Projection
var w50: Projection
var w51: Projection
var w60: Projection
var w61: Projection
var w70: Projection
var w71: Projection


func fill(blocks: Array[Projection]) -> void:
	for row: int in ROWS:
		for column: int in COLUMNS:
			set("w%d%d" % [row, column], blocks[row * COLUMNS + column])


func add(x: PackedVector4Array, sums: PackedVector4Array, rows: int) -> void:
	var i: int = input_start
	var o: int = sum_start
	for row: int in rows:
		var x0: Vector4 = x[i]
		var x1: Vector4 = x[i + 1]
		sums[o] += x0 * w00 + x1 * w01
		sums[o + 1] += x0 * w10 + x1 * w11
		sums[o + 2] += x0 * w20 + x1 * w21
		sums[o + 3] += x0 * w30 + x1 * w31
		sums[o + 4] += x0 * w40 + x1 * w41
		sums[o + 5] += x0 * w50 + x1 * w51
		sums[o + 6] += x0 * w60 + x1 * w61
		sums[o + 7] += x0 * w70 + x1 * w71
		i += input_stride
		o += sum_stride
