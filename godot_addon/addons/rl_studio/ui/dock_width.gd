@tool
extends RefCounted
## Keeps a dock wide enough to be read in, as far as the editor's window has room: what is wider
## than the window would be cut off at its right edge.

const RlLook := preload("look.gd")

## How wide a dock opens, and what it is not to fall below, in pixels at the editor's scale.
const WANTED: float = 320.0
const LEAST: float = 240.0

var _dock: Control
var _is_waiting: bool = false


func _init(dock: Control) -> void:
	_dock = dock
	_dock.get_tree().root.size_changed.connect(_ask_anew)
	_dock.visibility_changed.connect(_ask_anew)
	EditorInterface.get_editor_main_screen().minimum_size_changed.connect(_ask_anew)
	_dock.resized.connect(_look)
	_ask_anew()


## A dock behind another one asks for little, not to hold that one's column open.
func _ask_anew() -> void:
	var width: float = WANTED if _dock.is_visible_in_tree() else LEAST
	_dock.custom_minimum_size.x = RlLook.px(width)
	_look()


func _look() -> void:
	if not _is_waiting:
		_is_waiting = true
		_shrink.call_deferred()


func _shrink() -> void:
	_is_waiting = false
	if not is_instance_valid(_dock) or not _dock.is_visible_in_tree():
		return
	var lacking: float = _needed() - _dock.get_window().size.x
	if lacking > 0.0:
		var width: float = _dock.custom_minimum_size.x - lacking
		_dock.custom_minimum_size.x = maxf(width, RlLook.px(LEAST))


## The width of all that stands beside each other in the dock's window.
func _needed() -> float:
	var widest: float = 0.0
	var parent: Control = _dock.get_parent_control()
	while parent != null:
		widest = maxf(widest, parent.get_combined_minimum_size().x)
		parent = parent.get_parent_control()
	return widest
