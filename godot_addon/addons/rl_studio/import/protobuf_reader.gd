@tool
extends RefCounted
## Reads the protobuf wire format, one field after another:
## [codeblock]
## while reader.next_field():
##     match reader.field:
##         1: size = reader.read_int()
## [/codeblock]
## A field nobody reads is skipped. After damage [method next_field] returns false and
## [member is_broken] is true, also in the readers of enclosing messages.

enum RlWireType { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 }

const RlProtobufReader := preload("protobuf_reader.gd")

const MAX_VARINT_BYTES: int = 10

## Number of the current field.
var field: int
var is_broken: bool
# The whole file; shared by the readers of nested messages.
var _bytes: PackedByteArray
var _position: int
var _end: int
var _wire: int
# Where the value of the current field begins and ends.
var _value: int
var _value_end: int
var _parent: RlProtobufReader


## A reader of the message in [param bytes].
static func of(bytes: PackedByteArray) -> RlProtobufReader:
	var reader: RlProtobufReader = RlProtobufReader.new()
	reader._bytes = bytes
	reader._end = bytes.size()
	return reader


## Goes to the next field. Returns false at the end.
func next_field() -> bool:
	if is_broken or _position >= _end:
		return false
	var key: int = _varint()
	field = key >> 3
	_wire = key & 7
	_value = _position
	match _wire:
		RlWireType.VARINT:
			_varint()
		RlWireType.FIXED64:
			_position += 8
		RlWireType.FIXED32:
			_position += 4
		RlWireType.BYTES:
			var length: int = _varint()
			_value = _position
			var is_inside: bool = length >= 0 and length <= _end - _position
			_position = _position + length if is_inside else _end + 1
		_:
			_break()
	_value_end = _position
	if _position > _end or field <= 0:
		_break()
	return not is_broken


## The value as an integer.
func read_int() -> int:
	if _wire != RlWireType.VARINT:
		_break()
		return 0
	_position = _value
	return _varint()


## The value as a real number of 32 bits.
func read_float() -> float:
	if _wire != RlWireType.FIXED32:
		_break()
		return 0.0
	return _bytes.decode_float(_value)


func read_bytes() -> PackedByteArray:
	if _wire != RlWireType.BYTES:
		_break()
		return PackedByteArray()
	return _bytes.slice(_value, _value_end)


func read_string() -> String:
	return read_bytes().get_string_from_utf8()


## The value as a message of its own.
func read_message() -> RlProtobufReader:
	var reader: RlProtobufReader = RlProtobufReader.new()
	reader._parent = self
	if _wire != RlWireType.BYTES:
		reader._break()
		return reader
	reader._bytes = _bytes
	reader._position = _value
	reader._end = _value_end
	return reader


## Appends the value of a repeated integer: one number, or many packed together.
func read_ints_into(list: PackedInt64Array) -> void:
	if _wire != RlWireType.BYTES:
		list.append(read_int())
		return
	_position = _value
	while _position < _value_end and not is_broken:
		list.append(_varint())
	if _position != _value_end:
		_break()


## Appends the value of a repeated real number of 32 bits: one number, or many packed together.
func read_floats_into(list: PackedFloat32Array) -> void:
	if _wire == RlWireType.BYTES:
		list.append_array(read_bytes().to_float32_array())
	else:
		list.append(read_float())


## Appends the value of a repeated real number of 64 bits, cut to 32.
func read_doubles_into(list: PackedFloat32Array) -> void:
	if _wire == RlWireType.BYTES:
		list.append_array(PackedFloat32Array(Array(read_bytes().to_float64_array())))
	elif _wire == RlWireType.FIXED64:
		list.append(_bytes.decode_double(_value))
	else:
		_break()


func _varint() -> int:
	var result: int = 0
	for index: int in MAX_VARINT_BYTES:
		if _position >= _end:
			break
		var byte: int = _bytes[_position]
		_position += 1
		result |= (byte & 0x7f) << (7 * index)
		if byte < 0x80:
			return result
	_break()
	return 0


func _break() -> void:
	is_broken = true
	_position = _end
	if _parent != null:
		_parent._break()
