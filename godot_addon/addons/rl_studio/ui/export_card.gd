@tool
extends MarginContainer
## What an export wrote: the proof that it computes what the trained network computes, what goes in
## and out of it, and what can be done with it.

signal show_file_requested(path: String)
signal assign_requested
signal play_requested(scene: String)

const RlExportState := preload("../core/export_state.gd")
const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlProofText := preload("../core/proof_text.gd")
const RlRead := preload("../core/read.gd")

const STATES: PackedStringArray = ["state_ins", "state_outs"]

## What stands below all that is to be done.
var end: Control:
	get:
		return _done if _done.visible else _play

var _path: String = ""
var _scenes: PackedStringArray = []
var _result: Dictionary = {}
## Godot cannot load a file.
var _is_refused: bool = false

@onready var _panel: PanelContainer = %Panel
@onready var _icon: TextureRect = %Icon
@onready var _title: Label = %Title
@onready var _show: Button = %Show
@onready var _proof: Label = %Proof
@onready var _facts: Label = %Facts
@onready var _import: Label = %Import
@onready var _assign: Button = %Assign
@onready var _play: Button = %Play
@onready var _play_scenes: OptionButton = %PlayScenes
@onready var _done: Label = %Done


func _ready() -> void:
	_show.pressed.connect(func() -> void: show_file_requested.emit(_path))
	_assign.pressed.connect(func() -> void: assign_requested.emit())
	_play.pressed.connect(func() -> void: play_requested.emit(_scenes[_play_scenes.selected]))
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Draws what the export of [param state] wrote.
func show_export(state: RlExportState) -> void:
	var files: Array[Dictionary] = RlRead.dicts(state.result, "files")
	visible = not files.is_empty()
	if files.is_empty():
		return
	if state.result != _result:
		if state.exported_run() != RlRead.text(_result, "run"):
			_scenes = []  # chosen for the policies of another run
		_result = state.result
		_done.visible = false
	_path = RlRead.text(files[0], "path")
	var names: PackedStringArray = []
	var proofs: Array[Dictionary] = []
	var tips: PackedStringArray = []
	var facts: PackedStringArray = []
	for file: Dictionary in files:
		var title: String = "%s: " % RlRead.text(file, "policy") if files.size() > 1 else ""
		names.append(RlRead.text(file, "path").get_file())
		proofs.append(RlRead.dict(file, "proof"))
		tips.append(title + RlProofText.details(RlRead.dict(file, "proof")))
		facts.append(title + _describe(file))
	_title.text = names[0] if names.size() == 1 else "%d policies" % names.size()
	_title.tooltip_text = "\n".join(state.exported_files().values())
	_proof.text = RlProofText.describe(RlProofText.merge(proofs))
	_proof.tooltip_text = "\n".join(tips)
	_facts.text = "\n".join(facts)
	_show_import(state)


## Offers [param scenes] to be played, the likeliest first. Keeps a choice that was made.
func show_scenes(scenes: PackedStringArray) -> void:
	if scenes == _scenes and not scenes.is_empty():
		return
	var before: String = ""
	if _play_scenes.selected > 0 and _play_scenes.selected < _scenes.size():
		before = _scenes[_play_scenes.selected]
	_scenes = scenes
	_play_scenes.clear()
	for scene: String in scenes:
		_play_scenes.add_item(scene.get_file())
		_play_scenes.set_item_tooltip(_play_scenes.item_count - 1, scene)
	if not scenes.is_empty():
		_play_scenes.select(maxi(scenes.find(before), 0))
	_play.tooltip_text = "Plays the scene with this policy, whatever is assigned in it"
	if scenes.is_empty():
		_play.tooltip_text = "No scene of the project has an RLSync: add one and save it"
	_enable_play()


## Says what was done with the policy.
func show_done(text: String) -> void:
	_done.text = text
	_done.visible = true


func _show_import(state: RlExportState) -> void:
	var refusals: String = state.refusals()
	_import.text = "Importing…"
	if refusals != "":
		_import.text = "Godot cannot load it. %s" % refusals
	elif state.is_imported():
		_import.text = "Imported."
	_is_refused = refusals != ""
	_apply_theme()
	_assign.disabled = not state.is_imported()
	_enable_play()


func _enable_play() -> void:
	_play.disabled = _assign.disabled or _scenes.is_empty()
	_play_scenes.disabled = _play.disabled


func _describe(file: Dictionary) -> String:
	return (
		"%s → %s, %s steps, %s parameters, %s"
		% [
			_shapes(RlRead.dict(file, "inputs")),
			_shapes(RlRead.dict(file, "outputs")),
			RlFormat.count(RlRead.number(file, "timesteps")),
			RlFormat.count(RlRead.number(file, "parameters")),
			RlFormat.bytes(RlRead.integer(file, "size_bytes")),
		]
	)


func _shapes(ports: Dictionary) -> String:
	var parts: PackedStringArray = []
	for port: Variant in ports:
		var shape: Array = RlRead.list(ports, str(port))
		if str(port) in STATES and shape.size() < 2:
			continue  # only there for other runtimes
		var extents: PackedStringArray = []
		for extent: Variant in shape.slice(1):
			extents.append(str(extent))
		parts.append("%s[%s]" % [port, " × ".join(extents)])
	return ", ".join(parts)


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	var color: Color = RlLook.color(self, &"error_color" if _is_refused else &"success_color")
	var box: StyleBoxFlat = StyleBoxFlat.new()
	box.bg_color = Color(color, 0.08)
	box.border_color = Color(color, 0.6)
	box.border_width_left = RlLook.px(3)
	box.set_corner_radius_all(RlLook.px(3))
	box.set_content_margin_all(RlLook.px(8))
	_panel.add_theme_stylebox_override(&"panel", box)
	_icon.texture = RlLook.icon(self, &"StatusError" if _is_refused else &"StatusSuccess")
	_show.icon = RlLook.icon(self, &"ShowInFileSystem")
	_assign.icon = RlLook.icon(self, &"Node")
	_play.icon = RlLook.icon(self, &"Play")
	RlLook.emphasize(_title)
	_import.remove_theme_color_override(&"font_color")  # what is faded is the colour that is there
	if _is_refused:
		_import.add_theme_color_override(&"font_color", color)
	else:
		RlLook.dim(_import)
	RlLook.dim(_facts)
	RlLook.dim(_done)
