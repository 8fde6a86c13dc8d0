@tool
extends ConfirmationDialog
## Lists the agents of the open scene that have the name of an exported policy, whether it fits
## them, and asks which shall get it.

signal assign_requested(targets: Array[RlAgentTarget])
## Another scene has to be opened: agents of scenes within the open one are saved there.
signal scene_requested(path: String)
## The agents shall be asked what they see and can do.
signal check_requested

const RlAgentTarget := preload("../scenes/agent_target.gd")
const RlAssignRow := preload("assign_row.gd")
const RlLook := preload("look.gd")
const RlSceneAgents := preload("../scenes/scene_agents.gd")
const RlSceneProber := preload("../scenes/scene_prober.gd")

const SIZE: Vector2 = Vector2(460, 420)

var _agents: RlSceneAgents
var _rows: Array[RlAssignRow] = []

@onready var _scene: Label = %Scene
@onready var _list: Control = %Rows
@onready var _elsewhere: Control = %Elsewhere
@onready var _check: Button = %Check
@onready var _status: Label = %Status


func _ready() -> void:
	confirmed.connect(_on_confirmed)
	_check.tooltip_text = RlSceneProber.TOOLTIP
	_check.pressed.connect(func() -> void: check_requested.emit())


## Draws [param agents] for the policies [param names]; [param status] tells of a check that goes on
## or went wrong.
func show_agents(agents: RlSceneAgents, names: PackedStringArray, status: String = "") -> void:
	_agents = agents
	_scene.text = _describe(agents, names)
	_tell(status)
	_check.visible = agents.has_unknown()
	for child: Node in _list.get_children() + _elsewhere.get_children():
		child.get_parent().remove_child(child)
		child.queue_free()
	_rows.clear()
	for target: RlAgentTarget in agents.targets:
		_add_row(target, not target.is_sync())
	for target: RlAgentTarget in agents.others:
		_add_row(target, false)
	for scene: String in agents.elsewhere:
		_add_scene(scene, agents.elsewhere[scene])
	_update_ok()


## Shows the dialog in the middle of the editor.
func open() -> void:
	popup_centered(Vector2i(RlLook.px(SIZE.x), RlLook.px(SIZE.y)))


## Says that the agents are being asked.
func show_checking() -> void:
	_tell("Asking the agents…")
	_check.disabled = true


func _tell(status: String) -> void:
	_status.text = status
	_status.visible = status != ""


func _describe(agents: RlSceneAgents, names: PackedStringArray) -> String:
	var name_text: String = "name" if names.size() == 1 else "names"
	name_text = "policy %s %s" % [name_text, ", ".join(names)]
	if not agents.broken.is_empty():
		return "%s: gone, or not imported. Export again." % ", ".join(agents.broken)
	if not agents.is_open:
		return "No scene is open. Open the scene that your agents are in."
	var scene: String = agents.title
	if not agents.others.is_empty():
		return "No agent of %s has the %s; these have others." % [scene, name_text]
	if agents.is_empty() and agents.elsewhere.is_empty():
		return "No agent of %s has the %s. Open another scene." % [scene, name_text]
	return "Agents of %s with the %s:" % [scene, name_text]


func _add_row(target: RlAgentTarget, is_ticked: bool) -> void:
	var row: RlAssignRow = RlAssignRow.new()
	row.setup(target, is_ticked)
	row.toggled.connect(_update_ok)
	_list.add_child(row)
	_rows.append(row)


func _add_scene(scene: String, count: int) -> void:
	var label: Label = Label.new()
	label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	label.text = "%d of them belong to %s. Assign there:" % [count, scene.get_file()]
	if count == 1:
		label.text = "One of them belongs to %s. Assign there:" % scene.get_file()
	var open_button: Button = Button.new()
	open_button.text = "Open %s" % scene.get_file()
	open_button.tooltip_text = scene
	open_button.icon = RlLook.icon(_elsewhere, &"PackedScene")
	open_button.size_flags_horizontal = Control.SIZE_SHRINK_BEGIN
	open_button.pressed.connect(func() -> void: scene_requested.emit(scene))
	_elsewhere.add_child(label)
	_elsewhere.add_child(open_button)


func _ticked() -> Array[RlAgentTarget]:
	var targets: Array[RlAgentTarget] = []
	for row: RlAssignRow in _rows:
		if row.is_ticked():
			targets.append(row.target)
	return targets


func _update_ok() -> void:
	_check.disabled = false
	var count: int = _ticked().size()
	get_ok_button().disabled = count == 0
	ok_button_text = "Assign" if count < 2 else "Assign to %d" % count


func _on_confirmed() -> void:
	assign_requested.emit(_ticked())
