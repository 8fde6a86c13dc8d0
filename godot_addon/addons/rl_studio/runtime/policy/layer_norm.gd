@tool
extends "stage.gd"
## Layer normalization of whole rows.

const RlLayerNorm := preload("layer_norm.gd")
const RlStage := preload("stage.gd")

var _width: int
var _epsilon: float
var _scale: PackedVector4Array
var _bias: PackedVector4Array
# Ones where numbers are, zeros in the padding.
var _ones: PackedVector4Array


## Makes a stage for rows as wide as [param scale].
static func create(
	scale: PackedFloat32Array, bias: PackedFloat32Array, epsilon: float
) -> RlLayerNorm:
	var stage: RlLayerNorm = RlLayerNorm.new()
	stage._width = scale.size()
	stage._epsilon = epsilon
	stage._scale = RlStage.pack(scale)
	stage._bias = RlStage.pack(bias)
	var ones: PackedFloat32Array = scale.duplicate()
	ones.fill(1.0)
	stage._ones = RlStage.pack(ones)
	return stage


func apply(x: PackedVector4Array, rows: int) -> PackedVector4Array:
	var own: PackedVector4Array = x if owns_input else x.duplicate()
	var stride: int = _scale.size()
	var ones: PackedVector4Array = _ones
	for start: int in range(0, rows * stride, stride):
		var sum: float = 0.0
		for index: int in stride:
			sum += ones[index].dot(own[start + index])
		var mean: float = sum / _width
		var squares: float = 0.0
		for index: int in stride:
			var centred: Vector4 = (own[start + index] - ones[index] * mean) * ones[index]
			own[start + index] = centred
			squares += centred.dot(centred)
		var factor: float = 1.0 / sqrt(squares / _width + _epsilon)
		for index: int in stride:
			own[start + index] = own[start + index] * factor * _scale[index] + _bias[index]
	return own
