@tool
extends RefCounted
## A TensorProto: a constant of an ONNX file. Numbers of every real type become 32-bit floats, those
## of every whole type 64-bit integers.

enum RlType {
	FLOAT = 1,
	UINT8 = 2,
	INT8 = 3,
	INT32 = 6,
	INT64 = 7,
	BOOL = 9,
	FLOAT16 = 10,
	DOUBLE = 11,
}

const RlLimits := preload("../runtime/policy/limits.gd")
const RlOnnxTensor := preload("onnx_tensor.gd")
const RlProtobufReader := preload("protobuf_reader.gd")

const NAMES: Dictionary[int, String] = {
	4: "uint16",
	5: "int16",
	8: "string",
	12: "uint32",
	13: "uint64",
	14: "complex64",
	15: "complex128",
	16: "bfloat16",
}
const EXTERNAL: int = 1

var name: String
var shape: PackedInt64Array
var is_int: bool
var floats: PackedFloat32Array
var ints: PackedInt64Array
## Why the tensor cannot be used, "" if it can.
var problem: String

var _type: int
var _raw: PackedByteArray
var _has_raw: bool
var _external: Dictionary[String, String] = {}
var _is_external: bool


## Reads a tensor. [param folder] is where files with external data lie.
static func read(reader: RlProtobufReader, folder: String) -> RlOnnxTensor:
	var tensor: RlOnnxTensor = RlOnnxTensor.new()
	while reader.next_field():
		tensor._read_field(reader)
	tensor._finish(folder)
	return tensor


## The tensor as plain data, with its numbers.
func to_data() -> Dictionary:
	if is_int:
		return {"shape": shape, "ints": ints}
	return {"shape": shape, "floats": floats}


func _read_field(reader: RlProtobufReader) -> void:
	match reader.field:
		1:
			reader.read_ints_into(shape)
		2:
			_type = reader.read_int()
		4:
			reader.read_floats_into(floats)
		5, 7:
			reader.read_ints_into(ints)
		8:
			name = reader.read_string()
		9:
			_raw = reader.read_bytes()
			_has_raw = true
		10:
			reader.read_doubles_into(floats)
		13:
			_read_external(reader.read_message())
		14:
			_is_external = reader.read_int() == EXTERNAL


func _read_external(reader: RlProtobufReader) -> void:
	var key: String = ""
	while reader.next_field():
		if reader.field == 1:
			key = reader.read_string()
		elif reader.field == 2:
			_external[key] = reader.read_string()


func _finish(folder: String) -> void:
	if _is_external:
		_load_external(folder)
	if not problem.is_empty():
		return
	if _has_raw:
		_decode_raw()
	elif _type == RlType.FLOAT16:
		_decode_halves()
	elif not _type in RlType.values():
		problem = "numbers of type %s are not supported" % NAMES.get(_type, str(_type))
	is_int = not _type in [RlType.FLOAT, RlType.FLOAT16, RlType.DOUBLE]
	var expected: int = RlLimits.count(shape)
	if problem.is_empty() and (expected < 0 or shape.size() > RlLimits.AXES):
		problem = RlLimits.problem(shape)
	var found: int = ints.size() if is_int else floats.size()
	if problem.is_empty() and found != expected:
		problem = "%d numbers are there, the shape %s needs %d" % [found, shape, expected]


func _decode_raw() -> void:
	match _type:
		RlType.FLOAT:
			floats = _raw.to_float32_array()
		RlType.DOUBLE:
			floats = PackedFloat32Array(Array(_raw.to_float64_array()))
		RlType.FLOAT16:
			for index: int in range(0, _raw.size() - 1, 2):
				floats.append(_raw.decode_half(index))
		RlType.INT64:
			ints = _raw.to_int64_array()
		RlType.INT32:
			ints = PackedInt64Array(Array(_raw.to_int32_array()))
		RlType.UINT8, RlType.BOOL:
			ints = PackedInt64Array(Array(_raw))
		RlType.INT8:
			for index: int in _raw.size():
				ints.append(_raw.decode_s8(index))
		_:
			problem = "numbers of type %s are not supported" % NAMES.get(_type, str(_type))


# Halves without raw data come as whole numbers that hold their bits.
func _decode_halves() -> void:
	var bytes: PackedByteArray = PackedByteArray([0, 0])
	for bits: int in ints:
		bytes.encode_u16(0, bits)
		floats.append(bytes.decode_half(0))


func _load_external(folder: String) -> void:
	var location: String = _external.get("location", "")
	if location.is_empty() or location.is_absolute_path() or location.split("/").has(".."):
		problem = 'its data is in "%s", which is no file beside the model' % location
		return
	var path: String = folder.path_join(location)
	var file: FileAccess = FileAccess.open(path, FileAccess.READ)
	if file == null:
		problem = (
			'its data is in "%s" (%s): put that file beside the model or export one single file'
			% [path, error_string(FileAccess.get_open_error())]
		)
		return
	var offset: int = _external_number("offset", 0)
	var length: int = _external_number("length", file.get_length() - offset)
	if offset < 0 or length < 0 or length > file.get_length() - offset:
		problem = (
			'its data is in "%s", which has %d bytes: %d from byte %d on are not there'
			% [path, file.get_length(), length, offset]
		)
		return
	if length > RlLimits.FILE_BYTES:
		problem = "it has %d bytes, %d at most are possible" % [length, RlLimits.FILE_BYTES]
		return
	file.seek(offset)
	_raw = file.get_buffer(length)
	_has_raw = true


func _external_number(key: String, default: int) -> int:
	return _external[key].to_int() if _external.has(key) else default
