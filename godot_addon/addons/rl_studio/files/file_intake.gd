@tool
extends Node
## Has the editor take in files that were written from outside, one after another: each appears in
## the FileSystem dock and is imported.
##
## The editor looks for new files and imports them by itself, too, whenever it likes. Meanwhile it
## runs frames within its frame, so that other nodes go on; whoever asks it to import then is
## refused. So this waits until nothing of the kind goes on, and asks again until the file is there.

## The file can be loaded; who had loaded it before has the new one.
signal taken_in(path: String)
## It cannot.
signal refused(path: String, problem: String)

const RlOnnxLoader := preload("../import/onnx_loader.gd")

const POLL_S: float = 0.1
## How often the editor is asked, while it does nothing else, before a file is given up.
const TRIES: int = 20
## Polls after which a scan counts as over though the editor did not say so.
const SILENCE: int = 100

var _path: String = ""
var _waiting: PackedStringArray = []
## How often the editor was asked to look for the folder, and to import the file.
var _scans: int = 0
var _imports: int = 0
## The editor has begun a scan and not said yet that it is over.
var _is_scan_open: bool = false
var _silent_polls: int = 0
var _is_importing: bool = false
## Frames that have begun and not ended: more than one while the editor imports.
var _open_frames: int = 0
var _frame_end: RlFrameEnd = RlFrameEnd.new()
## Asking the editor lets our own timer go on.
var _is_asking: bool = false
var _timer: Timer = Timer.new()


func _ready() -> void:
	_timer.wait_time = POLL_S
	_timer.timeout.connect(_advance)
	add_child(_timer)
	process_priority = -RlFrameEnd.PRIORITY
	_frame_end.reached.connect(_on_frame_end_reached)
	add_child(_frame_end)
	_watch_frames(false)


func _enter_tree() -> void:
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	files.sources_changed.connect(_on_sources_changed)
	files.resources_reimporting.connect(_on_reimporting)
	files.resources_reimported.connect(_on_reimported)


func _exit_tree() -> void:
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	files.sources_changed.disconnect(_on_sources_changed)
	files.resources_reimporting.disconnect(_on_reimporting)
	files.resources_reimported.disconnect(_on_reimported)


func _process(_delta: float) -> void:
	_open_frames += 1


## Takes in the file at [param path], new or overwritten.
func take_in(path: String) -> void:
	_waiting.append(path)
	if _path == "":
		_take_next()


## Selects the file at [param path] in the FileSystem dock and shows that dock.
static func show_in_dock(path: String) -> void:
	var dock: FileSystemDock = EditorInterface.get_file_system_dock()
	dock.navigate_to_path(path)
	if dock.has_method(&"make_visible"):
		dock.call(&"make_visible")


func _take_next() -> void:
	_path = ""
	if _waiting.is_empty():
		_timer.stop()
		_watch_frames(false)
		return
	_path = _waiting[0]
	_waiting.remove_at(0)
	_scans = 0
	_imports = 0
	if _timer.is_stopped():
		_timer.start()
		_watch_frames(true)


func _advance() -> void:
	if _is_asking or _is_editor_busy():
		return
	if not FileAccess.file_exists(_path):
		_finish("%s: the file is gone" % _path)
	elif (_scans > 0 or _imports > 0) and _has_arrived():
		_finish("")
	elif not _is_folder_known():
		_look_for_folder()
	elif _imports >= TRIES:
		_finish("%s: the import failed; the Output panel says why" % _path)
	else:
		_import()


func _is_editor_busy() -> bool:
	if EditorInterface.get_resource_filesystem().is_scanning():
		_is_scan_open = true
		_silent_polls = 0
		return true
	if _is_importing:
		_silent_polls = 0
		return true
	_silent_polls += 1
	return (_is_scan_open or _open_frames > 1) and _silent_polls < SILENCE


func _is_folder_known() -> bool:
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	return files.get_filesystem_path(_path.get_base_dir()) != null


# Finds the file as well, and imports it.
func _look_for_folder() -> void:
	if _scans >= TRIES:
		_finish(
			(
				"%s: Godot leaves its folder out (a .gdignore, or a name that begins with a dot)"
				% _path
			)
		)
		return
	_scans += 1
	_is_scan_open = true
	_silent_polls = 0
	EditorInterface.get_resource_filesystem().scan()


func _import() -> void:
	_imports += 1
	_is_asking = true
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	files.update_file(_path)
	files.reimport_files([_path])
	_is_asking = false
	if _has_arrived():
		_finish("")
		return
	var loader: RlOnnxLoader = RlOnnxLoader.new()
	loader.load_file(_path)
	if loader.problem != "":
		_finish(loader.problem)


func _has_arrived() -> bool:
	if not FileAccess.file_exists(_path + ".import") or not ResourceLoader.exists(_path):
		return false
	var policy: RLPolicy = load(_path) as RLPolicy
	return policy != null and policy.source_checksum == FileAccess.get_sha256(_path)


func _finish(problem: String) -> void:
	var path: String = _path
	if problem == "":
		taken_in.emit(path)
	else:
		refused.emit(path, problem)
	_take_next()


func _watch_frames(are_watched: bool) -> void:
	_open_frames = 0
	set_process(are_watched)
	_frame_end.set_process(are_watched)


func _on_frame_end_reached() -> void:
	_open_frames = maxi(0, _open_frames - 1)


func _on_sources_changed(_exist: bool) -> void:
	_is_scan_open = false


func _on_reimporting(_paths: PackedStringArray) -> void:
	_is_importing = true


func _on_reimported(_paths: PackedStringArray) -> void:
	_is_importing = false


## The last node of a frame.
class RlFrameEnd:
	extends Node

	signal reached

	const PRIORITY: int = 1_000_000

	func _init() -> void:
		process_priority = PRIORITY

	func _process(_delta: float) -> void:
		reached.emit()
