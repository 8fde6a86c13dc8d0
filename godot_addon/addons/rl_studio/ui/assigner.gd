@tool
extends Node
## Leads through the assignment of exported policies to agents of the open scene: shows the dialog,
## opens other scenes, has agents asked, and carries it out.

## Policies were assigned to so many nodes of the scene with that title.
signal assigned(count: int, scene: String)

const RlAgentTarget := preload("../scenes/agent_target.gd")
const RlAssignDialog := preload("assign_dialog.gd")
const RlPolicyAssigner := preload("../scenes/policy_assigner.gd")
const RlSceneAgents := preload("../scenes/scene_agents.gd")
const RlSceneProber := preload("../scenes/scene_prober.gd")

const DIALOG: PackedScene = preload("assign_dialog.tscn")

## Paths by policy name.
var _files: Dictionary[String, String] = {}
var _dialog: RlAssignDialog
var _prober: RlSceneProber = RlSceneProber.new()


func _ready() -> void:
	add_child(_prober)
	_prober.finished.connect(_on_prober_finished)


## Asks which agents shall get the policies [param files] (res:// paths by policy name).
func ask(files: Dictionary[String, String]) -> void:
	_files = files
	if _dialog == null:
		_dialog = DIALOG.instantiate()
		_dialog.assign_requested.connect(_on_assign_requested)
		_dialog.scene_requested.connect(_on_scene_requested)
		_dialog.check_requested.connect(_on_check_requested)
		add_child(_dialog)
	_render()
	_dialog.open()


func _render(status: String = "") -> void:
	_dialog.show_agents(_look(), PackedStringArray(_files.keys()), status)
	if _prober.is_running():
		_dialog.show_checking()


func _look() -> RlSceneAgents:
	return RlSceneAgents.new(EditorInterface.get_edited_scene_root(), _files)


func _on_assign_requested(targets: Array[RlAgentTarget]) -> void:
	var scene: String = _look().title
	var count: int = RlPolicyAssigner.assign(targets)
	if count > 0:
		assigned.emit(count, scene)


func _on_scene_requested(path: String) -> void:
	EditorInterface.open_scene_from_path(path)
	_render.call_deferred()


func _on_check_requested() -> void:
	_render(_prober.begin(PackedStringArray(_files.keys())))


func _on_prober_finished(problem: String) -> void:
	if problem == "" and _look().has_unknown():
		problem = _prober.describe_strangers()
	_render(problem)
