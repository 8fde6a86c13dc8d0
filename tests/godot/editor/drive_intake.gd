extends "editor_driver.gd"
## Files arrive from outside while the editor is at something else.

const RlFileIntake := preload("res://addons/rl_studio/files/file_intake.gd")
const SOURCE: String = "res://model.bin"

var intake: RlFileIntake = RlFileIntake.new()
var arrived: PackedStringArray = []
var refusals: Dictionary[String, String] = {}


func _drive() -> void:
	root.add_child(intake)
	intake.taken_in.connect(func(path: String) -> void: arrived.append(path))
	intake.refused.connect(func(path: String, problem: String) -> void: refusals[path] = problem)
	await _take("a new folder", "res://new/a.onnx")
	await _take("the same again", "res://new/a.onnx")
	await _take("folders in a new folder", "res://x/y/z/b.onnx")
	await _take("spaces, and letters of other scripts", "res://mein Ordner/löwe 狮子 (1).onnx")
	await _take_during_a_scan()
	await _take_during_an_import()
	await _take_many()
	await _take_while_a_game_plays()
	await _refuse()
	intake.queue_free()


func _take(what: String, path: String) -> void:
	_write(path)
	intake.take_in(path)
	await _until_arrived(what, [path])


func _take_during_a_scan() -> void:
	EditorInterface.get_resource_filesystem().scan()
	await _take("during a scan", "res://scanned/c.onnx")
	EditorInterface.get_resource_filesystem().scan()
	await _take("during a scan, in a known folder", "res://scanned/d.onnx")
	EditorInterface.get_resource_filesystem().scan()
	await _take("overwritten during a scan", "res://scanned/d.onnx")


# The editor lets others go on while it imports.
func _take_during_an_import() -> void:
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	var others: PackedStringArray = []
	for index: int in 20:
		others.append("res://others/%d.onnx" % index)
		_write(others[-1])
	var path: String = "res://imported/e.onnx"
	files.resources_reimporting.connect(
		func(_paths: PackedStringArray) -> void:
			_write(path)
			intake.take_in(path),
		CONNECT_ONE_SHOT
	)
	files.scan()
	await _until_arrived("during an import", [path])


func _take_many() -> void:
	var paths: PackedStringArray = []
	for index: int in 5:
		paths.append("res://many %d/f.onnx" % index)
		_write(paths[-1])
		intake.take_in(paths[-1])
	await _until_arrived("five at once", paths)


func _take_while_a_game_plays() -> void:
	ProjectSettings.set_setting("editor/run/main_run_args", "--headless")
	await process_frame
	await process_frame  # the editor reads it late
	EditorInterface.play_custom_scene("res://scenes/tag_play.tscn")
	expect(EditorInterface.is_playing_scene(), "a game plays")
	await _take("while a game plays", "res://played/g.onnx")
	expect(EditorInterface.is_playing_scene(), "and goes on")
	EditorInterface.stop_playing_scene()


func _refuse() -> void:
	for path: String in ["res://gone/h.onnx", "res://bad/i.onnx", "res://.hidden/j.onnx"]:
		refusals.erase(path)
		if path != "res://gone/h.onnx":
			_write(path)
		if path == "res://bad/i.onnx":
			FileAccess.open(path, FileAccess.WRITE).store_string("no model")
		intake.take_in(path)
		await until(func() -> bool: return refusals.has(path), 30, "refused: %s" % path)
	expect("the file is gone" in refusals["res://gone/h.onnx"], refusals["res://gone/h.onnx"])
	expect("this is no ONNX model" in refusals["res://bad/i.onnx"], refusals["res://bad/i.onnx"])
	expect("leaves its folder out" in refusals["res://.hidden/j.onnx"], "a hidden folder")


func _write(path: String) -> void:
	DirAccess.make_dir_recursive_absolute(path.get_base_dir())
	DirAccess.copy_absolute(SOURCE, path)


func _until_arrived(what: String, paths: PackedStringArray) -> void:
	var has_all: Callable = func() -> bool:
		for path: String in paths:
			if path not in arrived:
				return false
		return true
	await until(has_all, 60, "%s: arrived" % what)
	arrived.clear()
	for path: String in paths:
		expect(ResourceLoader.load(path) is RLPolicy, "%s: can be loaded" % what)
	expect(refusals.is_empty(), "%s: %s" % [what, refusals])
