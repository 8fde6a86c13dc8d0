@tool
extends RefCounted
## Some of the weights of a fully connected layer: a rectangle of blocks. A block is a Projection
## with the weights from four inputs to four outputs; vector * block does 16 products in one
## instruction.

## Where the inputs of the rectangle begin in a row of inputs, in Vector4s, and how long rows are.
var input_start: int
var input_stride: int
## The same for the sums that the products are added to.
var sum_start: int
var sum_stride: int


## Takes the weights: [param blocks], row by row (four outputs over all inputs of the rectangle).
func fill(_blocks: Array[Projection]) -> void:
	pass


## Adds the products of [param rows] rows of [param x] to [param sums].
func add(_x: PackedVector4Array, _sums: PackedVector4Array, _rows: int) -> void:
	pass
