@tool
# gdlint: disable=max-returns
extends RefCounted
## Reads values; never trusts a length before it has seen that the bytes are there.

const MAX_DEPTH: int = 32

var buffer: StreamPeerBuffer = StreamPeerBuffer.new()
var error: String = ""


func _init() -> void:
	buffer.big_endian = true


func read(depth: int) -> Variant:
	if depth > MAX_DEPTH:
		return _fail("nested deeper than %d levels" % MAX_DEPTH)
	if not _has(1):
		return null
	var tag: int = buffer.get_u8()
	if tag < 0x80:
		return tag
	if tag >= 0xe0:
		return tag - 0x100
	if tag < 0x90:
		return _read_map(tag & 0x0f, depth)
	if tag < 0xa0:
		return _read_list(tag & 0x0f, depth)
	if tag < 0xc0:
		return _read_text(tag & 0x1f)
	return _read_tagged(tag, depth)


func _read_tagged(tag: int, depth: int) -> Variant:
	match tag:
		0xc0:
			return null
		0xc2, 0xc3:
			return tag == 0xc3
		0xc4, 0xc5, 0xc6:
			return _read_bytes(_read_unsigned(1 << (tag - 0xc4)))
		0xca:
			return buffer.get_float() if _has(4) else 0.0
		0xcb:
			return buffer.get_double() if _has(8) else 0.0
		0xcc, 0xcd, 0xce, 0xcf:
			return _read_unsigned(1 << (tag - 0xcc))
		0xd0, 0xd1, 0xd2, 0xd3:
			return _read_signed(1 << (tag - 0xd0))
		0xd9, 0xda, 0xdb:
			return _read_text(_read_unsigned(1 << (tag - 0xd9)))
		0xdc, 0xdd:
			return _read_list(_read_unsigned(2 << (tag - 0xdc)), depth)
		0xde, 0xdf:
			return _read_map(_read_unsigned(2 << (tag - 0xde)), depth)
	return _fail("unknown tag 0x%02x" % tag)


func _read_unsigned(width: int) -> int:
	if not _has(width):
		return 0
	match width:
		1:
			return buffer.get_u8()
		2:
			return buffer.get_u16()
		4:
			return buffer.get_u32()
	var number: int = buffer.get_u64()
	if number < 0:
		_fail("an integer above 2^63-1")
	return number


func _read_signed(width: int) -> int:
	if not _has(width):
		return 0
	match width:
		1:
			return buffer.get_8()
		2:
			return buffer.get_16()
		4:
			return buffer.get_32()
	return buffer.get_64()


func _read_text(size: int) -> String:
	return _read_bytes(size).get_string_from_utf8()


func _read_bytes(size: int) -> PackedByteArray:
	if error != "" or size == 0 or not _has(size):
		return PackedByteArray()
	var got: Array = buffer.get_data(size)
	return got[1]


func _read_list(size: int, depth: int) -> Array:
	var list: Array = []
	if error != "" or not _has(size):  # every item takes a byte at least
		return list
	list.resize(size)
	for index: int in size:
		list[index] = read(depth + 1)
		if error != "":
			break
	return list


func _read_map(size: int, depth: int) -> Dictionary:
	var map: Dictionary = {}
	if error != "" or not _has(2 * size):
		return map
	for _index: int in size:
		var key: Variant = read(depth + 1)
		map[key] = read(depth + 1)
		if error != "":
			break
	return map


func _has(count: int) -> bool:
	if count > buffer.get_available_bytes():
		_fail("%d bytes expected, %d left" % [count, buffer.get_available_bytes()])
		return false
	return true


func _fail(message: String) -> Variant:
	if error == "":
		error = message
	return null
