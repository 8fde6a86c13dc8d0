@tool
extends OptionButton
## Chooses the scene to train in: the project's own choice, the scene that is open, or any other.

## "" = the project's training scene.
signal scene_chosen(path: String)

enum RlItem { DEFAULT, CHOSEN, OPEN, BROWSE }

const SETTING: String = "rl_studio/training/scene"

var _path: String = ""
var _dialog: EditorFileDialog


func _ready() -> void:
	clip_text = true
	text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	fit_to_longest_item = false
	item_selected.connect(_on_item_selected)
	get_popup().about_to_popup.connect(_build)
	_build()


## Shows [param path] ("" = the project's training scene).
func show_scene(path: String) -> void:
	_path = path
	if is_node_ready():
		_build()


## The scene that is trained in when none is chosen.
static func default_scene() -> String:
	var scene: String = ProjectSettings.get_setting(SETTING, "")
	if scene == "":
		scene = ProjectSettings.get_setting("application/run/main_scene", "")
	if scene.begins_with("uid://"):
		var id: int = ResourceUID.text_to_id(scene)
		scene = ResourceUID.get_id_path(id) if ResourceUID.has_id(id) else scene
	return scene


## The scene that is open in the editor, "" if it has no file.
static func open_scene() -> String:
	var root: Node = EditorInterface.get_edited_scene_root()
	return root.scene_file_path if root != null else ""


func _build() -> void:
	clear()
	var own: String = default_scene()
	add_item("%s (default)" % own.get_file() if own != "" else "No main scene", RlItem.DEFAULT)
	if _path != "":
		add_item(_path.get_file(), RlItem.CHOSEN)
		select(1)
	var opened: String = open_scene()
	if opened != "" and opened != _path:
		add_item("Open scene (%s)" % opened.get_file(), RlItem.OPEN)
	add_item("Choose…", RlItem.BROWSE)
	var shown: String = _path if _path != "" else own
	tooltip_text = "The scene the agents train in.\n%s" % shown


func _on_item_selected(index: int) -> void:
	match get_item_id(index):
		RlItem.DEFAULT:
			scene_chosen.emit("")
		RlItem.OPEN:
			scene_chosen.emit(open_scene())
		RlItem.BROWSE:
			_build()
			_browse()


func _browse() -> void:
	if _dialog == null:
		_dialog = EditorFileDialog.new()
		_dialog.file_mode = EditorFileDialog.FILE_MODE_OPEN_FILE
		_dialog.access = EditorFileDialog.ACCESS_RESOURCES
		_dialog.title = "Scene to train in"
		_dialog.add_filter("*.tscn,*.scn", "Scenes")
		_dialog.file_selected.connect(func(path: String) -> void: scene_chosen.emit(path))
		add_child(_dialog)
	_dialog.popup_file_dialog()
