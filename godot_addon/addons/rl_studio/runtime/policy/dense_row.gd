@tool
extends "dense_part.gd"
## 32 inputs by 4 outputs, for the few outputs that actions need; made like
## [code]dense_tile.gd[/code].

const COLUMNS: int = 8

# Named w, column.
var w0: Projection
var w1: Projection
var w2: Projection
var w3: Projection
var w4: Projection
var w5: Projection
var w6: Projection
var w7: Projection


func fill(blocks: Array[Projection]) -> void:
	for column: int in COLUMNS:
		set("w%d" % column, blocks[column])


func add(x: PackedVector4Array, sums: PackedVector4Array, rows: int) -> void:
	var i: int = input_start
	var o: int = sum_start
	for row: int in rows:
		sums[o] += (
			x[i] * w0
			+ x[i + 1] * w1
			+ x[i + 2] * w2
			+ x[i + 3] * w3
			+ x[i + 4] * w4
			+ x[i + 5] * w5
			+ x[i + 6] * w6
			+ x[i + 7] * w7
		)
		i += input_stride
		o += sum_stride
