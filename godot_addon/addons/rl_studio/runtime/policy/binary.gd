@tool
extends "stage.gd"
## A function of two numbers, applied to the elements of two values. One of them can be constant; a
## value that is repeated along some axes is laid out first.

const RlBinary := preload("binary.gd")
const RlPick := preload("pick.gd")
const RlStage := preload("stage.gd")

# func(a: PackedVector4Array, b: PackedVector4Array) -> PackedVector4Array, working in a
var _function: Callable
var _width: int
# Empty if both values change.
var _constant: PackedVector4Array
var _constant_is_first: bool
# The constant for as many rows as in the run before.
var _constants: PackedVector4Array
# Lay out the values; null where one fits as it is.
var _picks: Array[RlPick] = [null, null]
var _cleans: bool


## Makes a stage for results of [param width] numbers. If [param cleans], the function can leave
## something in the padding that is not finite.
static func create(function: Callable, width: int, cleans: bool) -> RlBinary:
	var stage: RlBinary = RlBinary.new()
	stage._function = function
	stage._width = width
	stage._cleans = cleans and width % BLOCK > 0
	return stage


## Sets the value at [param index], 0 or 1, to numbers that never change.
func set_constant(index: int, numbers: PackedFloat32Array) -> void:
	_constant = RlStage.pack(numbers)
	_constant_is_first = index == 0


## Sets how the value at [param index], 0 or 1, is laid out.
func set_pick(index: int, pick: RlPick) -> void:
	_picks[index] = pick


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	if _constant.is_empty():
		return combine(x, x, rows)
	if _constants.size() != rows * _constant.size():
		_constants = RlStage.repeated(_constant, rows)
	return combine(_constants, x, rows) if _constant_is_first else combine(x, _constants, rows)


func combine(x: PackedVector4Array, y: PackedVector4Array, rows: int) -> PackedVector4Array:
	var first: PackedVector4Array = x
	var second: PackedVector4Array = y
	if _constant.is_empty() or not _constant_is_first:
		first = x if _picks[0] == null else _picks[0].apply(x, rows)
	if _constant.is_empty() or _constant_is_first:
		second = y if _picks[1] == null else _picks[1].apply(y, rows)
	var result: PackedVector4Array = _function.call(first.duplicate(), second)
	if _cleans:
		RlStage.clean(result, _width, rows)
	return result
