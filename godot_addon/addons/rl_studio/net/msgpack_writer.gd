@tool
extends RefCounted
## Writes values in the shortest form, as msgpack-python does. One writer, one value.

const MAX_DEPTH: int = 32

var buffer: StreamPeerBuffer = StreamPeerBuffer.new()
var error: String = ""


func _init() -> void:
	buffer.big_endian = true


func write(value: Variant, depth: int) -> void:
	if depth > MAX_DEPTH:
		error = "nested deeper than %d levels" % MAX_DEPTH
		return
	match typeof(value):
		TYPE_NIL:
			buffer.put_u8(0xc0)
		TYPE_BOOL:
			buffer.put_u8(0xc3 if value else 0xc2)
		TYPE_INT:
			var number: int = value
			_write_int(number)
		TYPE_FLOAT:
			var number: float = value
			buffer.put_u8(0xcb)
			buffer.put_double(number)
		TYPE_STRING, TYPE_STRING_NAME:
			var text: String = value
			_write_text(text.to_utf8_buffer())
		TYPE_PACKED_BYTE_ARRAY:
			var bytes: PackedByteArray = value
			_write_length(bytes.size(), 0, 0, [0xc4, 0xc5, 0xc6])
			_put(bytes)
		_:
			_write_container(value, depth)


func _write_container(value: Variant, depth: int) -> void:
	if value is Dictionary:
		var map: Dictionary = value
		_write_length(map.size(), 0x80, 16, [0, 0xde, 0xdf])
		for key: Variant in map:
			write(key, depth + 1)
			write(map[key], depth + 1)
	elif typeof(value) >= TYPE_ARRAY and typeof(value) <= TYPE_PACKED_STRING_ARRAY:
		var list: Array = type_convert(value, TYPE_ARRAY)
		_write_length(list.size(), 0x90, 16, [0, 0xdc, 0xdd])
		for item: Variant in list:
			write(item, depth + 1)
	else:
		error = "type %s" % type_string(typeof(value))


func _write_int(number: int) -> void:
	if number >= 0:
		_write_positive(number)
	elif number >= -0x20:
		buffer.put_8(number)
	elif number >= -0x80:
		buffer.put_u8(0xd0)
		buffer.put_8(number)
	elif number >= -0x8000:
		buffer.put_u8(0xd1)
		buffer.put_16(number)
	elif number >= -0x80000000:
		buffer.put_u8(0xd2)
		buffer.put_32(number)
	else:
		buffer.put_u8(0xd3)
		buffer.put_64(number)


func _write_positive(number: int) -> void:
	if number < 0x80:
		buffer.put_u8(number)
	elif number <= 0xff:
		buffer.put_u8(0xcc)
		buffer.put_u8(number)
	elif number <= 0xffff:
		buffer.put_u8(0xcd)
		buffer.put_u16(number)
	elif number <= 0xffffffff:
		buffer.put_u8(0xce)
		buffer.put_u32(number)
	else:
		buffer.put_u8(0xcf)
		buffer.put_u64(number)


func _write_text(bytes: PackedByteArray) -> void:
	_write_length(bytes.size(), 0xa0, 32, [0xd9, 0xda, 0xdb])
	_put(bytes)


## [param fix_limit]: sizes below it go into the tag; [param tags]: for 8, 16 and 32 bits
## (0 = this type has no such form).
func _write_length(size: int, fix_tag: int, fix_limit: int, tags: Array[int]) -> void:
	if size < fix_limit:
		buffer.put_u8(fix_tag | size)
	elif tags[0] != 0 and size <= 0xff:
		buffer.put_u8(tags[0])
		buffer.put_u8(size)
	elif size <= 0xffff:
		buffer.put_u8(tags[1])
		buffer.put_u16(size)
	else:
		buffer.put_u8(tags[2])
		buffer.put_u32(size)


func _put(bytes: PackedByteArray) -> void:
	if not bytes.is_empty() and buffer.put_data(bytes) != OK:
		error = "out of memory"
