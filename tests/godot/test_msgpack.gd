extends "test_case.gd"
## The MessagePack codec: types, edges, and input that means harm. The golden
## messages are checked by editor/golden_messages.gd.

const RlMsgpack := preload("res://addons/rl_studio/net/msgpack.gd")


func test_ints_and_floats_stay_apart() -> void:
	var decoded: RlMsgpack.RlDecoded = RlMsgpack.decode(RlMsgpack.encode([5, 5.0, -1, -1.0]))
	expect_eq(decoded.value, [5, 5.0, -1, -1.0])
	var list: Array = decoded.value
	var types: Array = list.map(func(item: Variant) -> int: return typeof(item))
	expect_eq(types, [TYPE_INT, TYPE_FLOAT, TYPE_INT, TYPE_FLOAT])


func test_edges_of_the_integers() -> void:
	for number: int in [0, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, 1 << 62]:
		for signed: int in [number, -number, -number - 1]:
			expect_eq(RlMsgpack.decode(RlMsgpack.encode(signed)).value, signed)


func test_packed_arrays_are_arrays() -> void:
	var bytes: PackedByteArray = RlMsgpack.encode(PackedStringArray(["a", "b"]))
	expect_eq(RlMsgpack.decode(bytes).value, ["a", "b"])


func test_short_input_is_refused() -> void:
	var bytes: PackedByteArray = RlMsgpack.encode({"name": "x", "list": [1, 2.5, "ä", null]})
	for size: int in bytes.size():
		expect_ne(RlMsgpack.decode(bytes.slice(0, size)).error, "", "%d bytes" % size)


func test_too_much_input_is_refused() -> void:
	expect_contains(RlMsgpack.decode(PackedByteArray([1, 2])).error, "too many")


func test_lengths_without_content_do_not_take_memory() -> void:
	for head: PackedByteArray in [
		PackedByteArray([0xdd, 0xff, 0xff, 0xff, 0xff]),
		PackedByteArray([0xdf, 0xff, 0xff, 0xff, 0xff]),
		PackedByteArray([0xdb, 0xff, 0xff, 0xff, 0xff]),
		PackedByteArray([0xc6, 0x7f, 0xff, 0xff, 0xff]),
	]:
		expect_contains(RlMsgpack.decode(head).error, "left")


func test_depth_is_limited() -> void:
	var bomb: PackedByteArray = []
	bomb.resize(10_000)
	bomb.fill(0x91)
	expect_contains(RlMsgpack.decode(bomb).error, "deeper")


func test_extensions_and_large_unsigned_are_refused() -> void:
	expect_contains(RlMsgpack.decode(PackedByteArray([0xd4, 1, 2])).error, "0xd4")
	expect_contains(RlMsgpack.decode(PackedByteArray([0xc1])).error, "0xc1")
	var large: PackedByteArray = [0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0]
	expect_contains(RlMsgpack.decode(large).error, "2^63")
