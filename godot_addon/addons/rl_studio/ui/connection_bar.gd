@tool
extends HBoxContainer
## One line on the connection to the backend, and the button that makes one.

signal connect_requested

const Look := preload("look.gd")
const Read := preload("../core/read.gd")
const StudioState := preload("../core/studio_state.gd")

var _state: StudioState

@onready var _icon: TextureRect = %Icon
@onready var _text: Label = %Text
@onready var _connect: Button = %Connect


func _ready() -> void:
	_connect.pressed.connect(func() -> void: connect_requested.emit())
	_render()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_render.call_deferred()


## Draws the connection of [param state].
func show_state(state: StudioState) -> void:
	_state = state
	if is_node_ready():
		_render()


func _render() -> void:
	if _state == null or Look.is_edited(self):
		return
	var link: StudioState.Link = _state.link
	var is_down: bool = link in [StudioState.Link.OFFLINE, StudioState.Link.FAILED]
	_connect.visible = is_down
	_connect.tooltip_text = "Starts the Python backend for this project, or finds the running one."
	_text.text = "Not connected" if is_down else _state.link_text
	_text.tooltip_text = _details() if _state.is_ready() else ""
	_icon.visible = not is_down
	var colors: Dictionary[int, StringName] = {
		StudioState.Link.READY: &"success_color",
		StudioState.Link.FAILED: &"error_color",
	}
	match link:
		StudioState.Link.READY:
			_icon.texture = Look.icon(self, &"StatusSuccess")
		StudioState.Link.FAILED:
			_icon.texture = Look.icon(self, &"StatusError")
		StudioState.Link.OFFLINE:
			_icon.texture = Look.icon(self, &"Unlinked")
		_:
			_icon.texture = Look.icon(self, &"Progress1")
	_text.add_theme_color_override(
		&"font_color", Look.color(self, colors[link]) if colors.has(link) else Look.faded(self)
	)


func _details() -> String:
	var godot: Dictionary = Read.dict(_state.backend, "godot")
	var game: String = "Games run with Godot %s" % Read.text(godot, "version")
	if godot.is_empty():
		game = Read.text(_state.backend, "godot_problem")
	return (
		"rl-studio %s, process %d\n%s"
		% [Read.text(_state.backend, "version"), Read.integer(_state.backend, "pid"), game]
	)
