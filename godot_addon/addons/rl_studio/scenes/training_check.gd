@tool
extends Node
## Gets the project ready for a run: saves what is open, has the editor take in what changed, and
## looks at the scene. Looks again by itself when something is saved.

## All is saved and imported, and nothing keeps the scene from being trained.
signal cleared

const RlContinuation := preload("../core/continuation.gd")
const RlFinding := preload("../checks/finding.gd")
const RlOpenPlace := preload("open_place.gd")
const RlOpenScene := preload("open_scene.gd")
const RlRead := preload("../core/read.gd")
const RlRunState := preload("../core/run_state.gd")
const RlSaving := preload("saving.gd")
const RlSceneChecks := preload("../runtime/scene_checks.gd")
const RlSceneLook := preload("../checks/scene_look.gd")
const RlSceneMender := preload("scene_mender.gd")
const RlScenePicker := preload("../ui/scene_picker.gd")
const RlStudioState := preload("../core/studio_state.gd")

## Signals of saved files come several at once.
const DELAY_S: float = 0.2

var _state: RlStudioState
var _look: RlSceneLook = RlSceneLook.new()
var _timer: Timer = Timer.new()
var _dialog: EditorFileDialog
var _is_preparing: bool = false


## Must be called before it enters the tree.
func setup(state: RlStudioState) -> void:
	_state = state


func _ready() -> void:
	_timer.one_shot = true
	_timer.wait_time = DELAY_S
	_timer.timeout.connect(_on_timer_timeout)
	add_child(_timer)
	_state.form.loaded.connect(look_soon)
	_state.form.value_changed.connect(_on_form_value_changed)
	_state.continuation.changed.connect(look_soon)
	EditorInterface.get_resource_filesystem().filesystem_changed.connect(look_soon)


## Saves, waits until the editor has taken in what changed, and looks. Then either [signal cleared]
## is emitted or the findings say why not; with [param whatever_is_found] it is in any case.
func prepare(whatever_is_found: bool = false) -> void:
	if _is_preparing:
		return
	_is_preparing = true
	RlSaving.save_all()
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	if not files.is_scanning():
		files.scan_sources()  # what other programs changed
	if files.is_scanning():
		_state.findings.wait_for("Godot takes in what changed…")
	while files.is_scanning():
		await get_tree().process_frame
		if not is_inside_tree():
			return  # the editor closes
	_is_preparing = false
	RlOpenScene.update_warnings()
	look()
	if whatever_is_found or not _state.findings.has_errors():
		cleared.emit()


## Looks at the scene as it is on the disk.
func look() -> void:
	_timer.stop()
	var scene: String = _scene()
	var info: Dictionary = _state.trainer_info(_state.trainer_in_use())
	var found: Array[RlFinding] = _look.look(scene, true, RlRead.flag(info, "single_policy"))
	var opened: String = RlScenePicker.open_scene()
	if scene == "" and opened != "":
		found[0].fix = RlFinding.RlFix.TRAIN_OPEN_SCENE
		found[0].hint = "Open is %s." % opened.get_file()
	found.append_array(_unsaved(scene))
	_state.findings.take(scene, found)


## Looks in a moment; at the scene to train only if the settings are known that name it.
func look_soon() -> void:
	if _timer.is_inside_tree():
		_timer.start()


## Does what mends [param finding].
func mend(finding: RlFinding) -> void:
	match finding.fix:
		RlFinding.RlFix.ADD_SYNC:
			await RlSceneMender.add_sync(_state.findings.scene)
		RlFinding.RlFix.ADD_AGENT:
			await RlSceneMender.add_agent(_state.findings.scene)
		RlFinding.RlFix.OPEN_SCRIPT, RlFinding.RlFix.OPEN_SCENE:
			open(finding)
			return
		RlFinding.RlFix.SAVE_SCENE:
			_ask_for_file()
			return
		RlFinding.RlFix.TRAIN_OPEN_SCENE:
			_state.form.set_value("scene", RlScenePicker.open_scene())
	look()


## Opens the line or the node that [param finding] is about.
func open(finding: RlFinding) -> void:
	RlOpenPlace.open(finding.file, finding.line, finding.node)


## The scene of the next run.
func _scene() -> String:
	if _state.continuation.mode == RlContinuation.RlMode.RESUME:
		var run: RlRunState = _state.run(_state.continuation.run_id)
		if run != null and run.scene != "":
			return run.scene
	var chosen: Variant = _state.form.value("scene")
	return chosen if chosen is String and chosen != "" else RlScenePicker.default_scene()


## A scene that is open and has no file cannot be trained, which one may not notice.
func _unsaved(scene: String) -> Array[RlFinding]:
	var root: Node = EditorInterface.get_edited_scene_root()
	if root == null or root.scene_file_path != "":
		return []
	var is_for_training: bool = (
		not RlSceneChecks.find_syncs(root).is_empty()
		or not RlSceneChecks.find_agents(root).is_empty()
	)
	if scene != "" and not is_for_training:
		return []
	var finding: RlFinding = RlFinding.new(
		"unsaved",
		"The open scene (%s) has never been saved, so it cannot be trained." % root.name,
		"Save it." if scene == "" else "The scene to train is %s." % scene.get_file(),
		RlFinding.RlFix.SAVE_SCENE
	)
	finding.severity = RlFinding.RlSeverity.WARNING
	return [finding]


func _ask_for_file() -> void:
	if _dialog == null:
		_dialog = EditorFileDialog.new()
		_dialog.file_mode = EditorFileDialog.FILE_MODE_SAVE_FILE
		_dialog.access = EditorFileDialog.ACCESS_RESOURCES
		_dialog.title = "Save the scene to train"
		_dialog.add_filter("*.tscn", "Scenes")
		_dialog.file_selected.connect(_on_file_selected)
		add_child(_dialog)
	var root: Node = EditorInterface.get_edited_scene_root()
	_dialog.current_file = "%s.tscn" % (root.name.to_snake_case() if root != null else "scene")
	_dialog.popup_file_dialog()


func _on_file_selected(path: String) -> void:
	EditorInterface.save_scene_as(path)
	if _scene() == "" and _state.experiment != "":
		_state.form.set_value("scene", path)
	look_soon()


func _on_form_value_changed(key: String) -> void:
	if key == "scene":
		look_soon()


func _on_timer_timeout() -> void:
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	if _is_preparing or files.is_scanning():
		return  # it is looked at when that is over
	RlOpenScene.update_warnings()
	if _state.experiment != "":
		look()
