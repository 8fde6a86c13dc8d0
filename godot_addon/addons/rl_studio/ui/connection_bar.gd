@tool
extends HBoxContainer
## One line on the connection to the backend, and the button that makes one.

signal connect_requested

const RlLook := preload("look.gd")
const RlRead := preload("../core/read.gd")
const RlStudioState := preload("../core/studio_state.gd")

var _state: RlStudioState

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
func show_state(state: RlStudioState) -> void:
	_state = state
	if is_node_ready():
		_render()


func _render() -> void:
	if _state == null or RlLook.is_edited(self):
		return
	var link: RlStudioState.RlLink = _state.link
	var is_down: bool = link in [RlStudioState.RlLink.OFFLINE, RlStudioState.RlLink.FAILED]
	_connect.visible = is_down
	_connect.tooltip_text = "Starts the Python backend for this project, or finds the running one."
	_text.text = "Not connected" if is_down else _state.link_text
	_text.tooltip_text = _details() if _state.is_ready() else ""
	_icon.visible = not is_down
	var colors: Dictionary[int, StringName] = {
		RlStudioState.RlLink.READY: &"success_color",
		RlStudioState.RlLink.FAILED: &"error_color",
	}
	match link:
		RlStudioState.RlLink.READY:
			_icon.texture = RlLook.icon(self, &"StatusSuccess")
		RlStudioState.RlLink.FAILED:
			_icon.texture = RlLook.icon(self, &"StatusError")
		RlStudioState.RlLink.OFFLINE:
			_icon.texture = RlLook.icon(self, &"Unlinked")
		_:
			_icon.texture = RlLook.icon(self, &"Progress1")
	_text.add_theme_color_override(
		&"font_color",
		(
			RlLook.seen(self, RlLook.color(self, colors[link]))
			if colors.has(link)
			else RlLook.faded(self)
		)
	)


func _details() -> String:
	var godot: Dictionary = RlRead.dict(_state.backend, "godot")
	var game: String = "Games run with Godot %s" % RlRead.text(godot, "version")
	if godot.is_empty():
		game = RlRead.text(_state.backend, "godot_problem")
	return (
		"rl-studio %s, process %d\nPython %s\n%s"
		% [
			RlRead.text(_state.backend, "version"),
			RlRead.integer(_state.backend, "pid"),
			RlRead.text(_state.backend, "python"),
			game,
		]
	)
