@tool
extends RefCounted
## Something that turns one vector into another, four numbers at a time. Base of dense layers and
## elementwise functions. Vectors are padded to a multiple of four; what a stage leaves in the
## padding is finite and never counts.

const BLOCK: int = 4

static var _double_precision: bool = OS.has_feature("double")


## Packs numbers four to a Vector4, the last one filled up with zeros.
static func pack(values: PackedFloat32Array) -> PackedVector4Array:
	var bytes: PackedByteArray
	if _double_precision:
		bytes = PackedFloat64Array(Array(values)).to_byte_array()
	else:
		bytes = values.to_byte_array()
	var rest: int = values.size() % BLOCK
	if rest > 0:
		var padding: PackedByteArray = PackedByteArray()
		padding.resize((BLOCK - rest) * (8 if _double_precision else 4))
		padding.fill(0)
		bytes.append_array(padding)
	return bytes.to_vector4_array()


## The first [param count] numbers of [param vectors].
static func unpack(vectors: PackedVector4Array, count: int) -> PackedFloat32Array:
	var values: PackedFloat32Array
	if _double_precision:
		values = PackedFloat32Array(Array(vectors.to_byte_array().to_float64_array()))
	else:
		values = vectors.to_byte_array().to_float32_array()
	values.resize(count)
	return values


## Returns the result for [param x]; may reuse [param x] for it, so the caller must own that array.
func apply(x: PackedVector4Array) -> PackedVector4Array:
	return x


## The same for plain numbers, of which the result has [param count].
func apply_to_floats(values: PackedFloat32Array, count: int) -> PackedFloat32Array:
	return unpack(apply(pack(values)), count)
