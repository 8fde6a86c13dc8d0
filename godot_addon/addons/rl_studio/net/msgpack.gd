@tool
extends RefCounted
## MessagePack, the encoding of every frame between the editor and the backend. Pure: bytes in,
## values out. Ints and floats stay apart; the bytes are the same as those of the Python side.
##
## Maps to null, bool, int, float, String, PackedByteArray, Array and Dictionary. Extension types
## and integers above 2^63-1 are refused, for Godot cannot hold them.

const RlReader := preload("msgpack_reader.gd")
const RlWriter := preload("msgpack_writer.gd")


## What a decoding gave: [member value], or the reason why not in [member error].
class RlDecoded:
	extends RefCounted
	var value: Variant = null
	var error: String = ""


## The bytes of [param value]; empty (with a push_error) if it holds a type MessagePack has not.
static func encode(value: Variant) -> PackedByteArray:
	var writer: RlWriter = RlWriter.new()
	writer.write(value, 0)
	if writer.error != "":
		push_error("RL Studio: cannot encode a message: %s" % writer.error)
		return PackedByteArray()
	return writer.buffer.data_array


## Reads the one value that [param bytes] must hold, no more and no less.
static func decode(bytes: PackedByteArray) -> RlDecoded:
	var reader: RlReader = RlReader.new()
	var decoded: RlDecoded = RlDecoded.new()
	reader.buffer.data_array = bytes
	decoded.value = reader.read(0)
	if reader.error == "" and reader.buffer.get_available_bytes() > 0:
		reader.error = "%d bytes too many" % reader.buffer.get_available_bytes()
	if reader.error != "":
		decoded.value = null
		decoded.error = reader.error
	return decoded
