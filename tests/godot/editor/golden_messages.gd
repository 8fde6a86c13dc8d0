extends SceneTree
## Decodes and encodes the golden messages, which the Python side checks as well.
##
##     godot --headless --path PROJECT -s …/golden_messages.gd -- FOLDER

const RlMsgpack := preload("res://addons/rl_studio/net/msgpack.gd")

var _failed: int = 0


func _initialize() -> void:
	var folder: String = OS.get_cmdline_user_args()[0]
	var files: PackedStringArray = DirAccess.get_files_at(folder)
	for file: String in files:
		_check(file, FileAccess.get_file_as_string(folder.path_join(file)))
	print("%d messages, %d failed" % [files.size(), _failed])
	quit(0 if _failed == 0 and files.size() > 20 else 1)


func _check(file: String, text: String) -> void:
	var fixture: Dictionary = JSON.parse_string(text)
	var hex: String = fixture["hex"]
	var decoded: RlMsgpack.RlDecoded = RlMsgpack.decode(hex.hex_decode())
	var again: String = RlMsgpack.encode(decoded.value).hex_encode()
	if decoded.error != "" or again != hex:
		_fail(file, "%s\n  %s\n  %s" % [decoded.error, hex, again])
		return
	# As text, for NaN is not equal to itself. The types show: 1 is not 1.0.
	var expected: String = var_to_str(JSON.to_native(fixture["native"]))
	if var_to_str(decoded.value) != expected:
		_fail(file, "%s\n  %s" % [var_to_str(decoded.value), expected])


func _fail(file: String, why: String) -> void:
	_failed += 1
	print("FAIL  %s: %s" % [file, why])
