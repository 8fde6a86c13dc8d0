@tool
extends "stage.gd"
## A function of some numbers at once, such as a softmax or a sum, along one axis or more of a
## value. It is laid out first, so that these numbers lie one after another.

const RlPick := preload("pick.gd")
const RlRowFunction := preload("row_function.gd")
const RlStage := preload("stage.gd")

# func(numbers: PackedFloat32Array) -> PackedFloat32Array, working in place or making a new one
var _function: Callable
var _count: int
var _width: int
var _before: RlPick
var _after: RlPick


## Makes a stage that calls [param function] for each [param width] of [param count] numbers. The
## picks lay out what goes in and comes out; null leaves it as it is.
static func create(
	function: Callable, count: int, width: int, before: RlPick, after: RlPick
) -> RlRowFunction:
	var stage: RlRowFunction = RlRowFunction.new()
	stage._function = function
	stage._count = count
	stage._width = width
	stage._before = before
	stage._after = after
	return stage


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var vectors: PackedVector4Array = x if _before == null else _before.apply(x, rows)
	var numbers: PackedFloat32Array = RlStage.unpack(vectors, _count, rows)
	var result: PackedFloat32Array = PackedFloat32Array()
	for start: int in range(0, numbers.size(), _width):
		var group: PackedFloat32Array = _function.call(numbers.slice(start, start + _width))
		result.append_array(group)
	vectors = RlStage.pack(result, rows)
	return vectors if _after == null else _after.apply(vectors, rows)
