@tool
extends "dense_part.gd"
## 32 inputs by 32 outputs. Weights in variables of their own, products written out: without reading
## an array or counting, a block takes half the time that it takes in a loop.

const ROWS: int = 8
const COLUMNS: int = 8

# Named w, row, column; in the order of the blocks.
var w00: Projection
var w01: Projection
var w02: Projection
var w03: Projection
var w04: Projection
var w05: Projection
var w06: Projection
var w07: Projection
var w10: Projection
var w11: Projection
var w12: Projection
var w13: Projection
var w14: Projection
var w15: Projection
var w16: Projection
var w17: Projection
var w20: Projection
var w21: Projection
var w22: Projection
var w23: Projection
var w24: Projection
var w25: Projection
var w26: Projection
var w27: Projection
var w30: Projection
var w31: Projection
var w32: Projection
var w33: Projection
var w34: Projection
var w35: Projection
var w36: Projection
var w37: Projection
var w40: Projection
var w41: Projection
var w42: Projection
var w43: Projection
var w44: Projection
var w45: Projection
var w46: Projection
var w47: Projection
var w50: Projection
var w51: Projection
var w52: Projection
var w53: Projection
var w54: Projection
var w55: Projection
var w56: Projection
var w57: Projection
var w60: Projection
var w61: Projection
var w62: Projection
var w63: Projection
var w64: Projection
var w65: Projection
var w66: Projection
var w67: Projection
var w70: Projection
var w71: Projection
var w72: Projection
var w73: Projection
var w74: Projection
var w75: Projection
var w76: Projection
var w77: Projection


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
		var x2: Vector4 = x[i + 2]
		var x3: Vector4 = x[i + 3]
		var x4: Vector4 = x[i + 4]
		var x5: Vector4 = x[i + 5]
		var x6: Vector4 = x[i + 6]
		var x7: Vector4 = x[i + 7]
		sums[o] += (
			x0 * w00 + x1 * w01 + x2 * w02 + x3 * w03 + x4 * w04 + x5 * w05 + x6 * w06 + x7 * w07
		)
		sums[o + 1] += (
			x0 * w10 + x1 * w11 + x2 * w12 + x3 * w13 + x4 * w14 + x5 * w15 + x6 * w16 + x7 * w17
		)
		sums[o + 2] += (
			x0 * w20 + x1 * w21 + x2 * w22 + x3 * w23 + x4 * w24 + x5 * w25 + x6 * w26 + x7 * w27
		)
		sums[o + 3] += (
			x0 * w30 + x1 * w31 + x2 * w32 + x3 * w33 + x4 * w34 + x5 * w35 + x6 * w36 + x7 * w37
		)
		sums[o + 4] += (
			x0 * w40 + x1 * w41 + x2 * w42 + x3 * w43 + x4 * w44 + x5 * w45 + x6 * w46 + x7 * w47
		)
		sums[o + 5] += (
			x0 * w50 + x1 * w51 + x2 * w52 + x3 * w53 + x4 * w54 + x5 * w55 + x6 * w56 + x7 * w57
		)
		sums[o + 6] += (
			x0 * w60 + x1 * w61 + x2 * w62 + x3 * w63 + x4 * w64 + x5 * w65 + x6 * w66 + x7 * w67
		)
		sums[o + 7] += (
			x0 * w70 + x1 * w71 + x2 * w72 + x3 * w73 + x4 * w74 + x5 * w75 + x6 * w76 + x7 * w77
		)
		i += input_stride
		o += sum_stride
