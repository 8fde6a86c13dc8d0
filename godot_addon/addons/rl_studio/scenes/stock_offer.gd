@tool
extends ConfirmationDialog
## Plays scenes with policies. Where a game has the nodes of godot_rl_agents it asks first: that
## plugin runs policies by a script that needs .NET, and one of ours takes its place.

## [param scene] plays, or [param problem] says why not.
signal settled(scene: String, problem: String)

const RlPolicyPlayer := preload("policy_player.gd")
const RlPythonFinder := preload("../net/python_finder.gd")

const WRAPPER: String = "res://addons/godot_rl_agents/onnx/wrapper/ONNX_wrapper.gd"
const MODEL: String = "runtime/stock/onnx_model.gd"
const SYNC: String = "godot_rl_agents/sync.gd"

var _scene: String = ""
var _files: Dictionary[String, String] = {}


func _init() -> void:
	name = "RLStockOffer"
	title = "Play Policies Without .NET"
	ok_button_text = "Replace and Play"
	dialog_autowrap = true
	dialog_text = (
		"This game has the nodes of godot_rl_agents. That plugin runs policies by a script that needs"
		+ " a Godot with .NET. RL Studio can put a script of its own in its place; the plugin's own"
		+ " stays beside it.\n\nTo take it back: rl-studio install-addon --stock --undo, with the"
		+ " project's folder."
	)
	confirmed.connect(_on_confirmed)


## Whether [param scene] has agents of that plugin, which cannot play policies yet.
static func is_needed(scene: String) -> bool:
	if not FileAccess.file_exists(WRAPPER) or MODEL in FileAccess.get_file_as_string(WRAPPER):
		return false
	for path: String in ResourceLoader.get_dependencies(scene):
		if path.ends_with(SYNC):
			return true
	return false


## Plays [param scene] with [param files], res:// paths by policy name, at once or when the user has
## agreed.
func play(scene: String, files: Dictionary[String, String]) -> void:
	_scene = scene
	_files = files.duplicate()
	if is_needed(scene):
		popup_centered(Vector2i(roundi(440 * EditorInterface.get_editor_scale()), 0))
	else:
		settled.emit(scene, RlPolicyPlayer.play(scene, files))


## Puts our script in place. Returns why it could not, or "".
static func replace() -> String:
	var project: String = ProjectSettings.globalize_path("res://")
	var state_dir: String = project.path_join(".rl_studio")
	var problem: String = "no Python with RL Studio was found; connect in the Train dock first"
	for one: RlPythonFinder.RlCandidate in RlPythonFinder.candidates(
		state_dir, RlPythonFinder.chosen()
	):
		var said: Array = []
		var arguments: PackedStringArray = ["-m", "rl_studio", "install-addon", "--stock", project]
		if OS.execute(one.python, arguments, said, true) == 0:
			EditorInterface.get_resource_filesystem().update_file(WRAPPER)
			return ""
		if not said.is_empty() and "rl-studio:" in str(said[0]):
			problem = str(said[0]).strip_edges()
	return problem


func _on_confirmed() -> void:
	var problem: String = replace()
	settled.emit(_scene, problem if problem != "" else RlPolicyPlayer.play(_scene, _files))
