@tool
extends RefCounted
## Keeps a dock wide enough to be read in, as far as the editor's window has room: what is wider
## than the window would be cut off at its right edge.

const RlLook := preload("look.gd")

## How wide a dock opens, and what it is not to fall below, in pixels at the editor's scale.
const WANTED: float = 320.0
const LEAST: float = 240.0

var _dock: Control


func _init(dock: Control) -> void:
	_dock = dock
	_dock.get_tree().root.size_changed.connect(_fit)
	_dock.visibility_changed.connect(_fit)
	_fit()


## Asks for the width anew, say at another scale.
func _fit() -> void:
	if not _dock.is_visible_in_tree():
		_dock.custom_minimum_size.x = RlLook.px(WANTED)
		return
	_dock.custom_minimum_size.x = RlLook.px(WANTED)
	_shrink.call_deferred()


func _shrink() -> void:
	if not is_instance_valid(_dock) or not _dock.is_visible_in_tree():
		return
	var lacking: float = _needed() - _dock.get_window().size.x
	if lacking > 0.0:
		var width: float = RlLook.px(WANTED) - lacking
		_dock.custom_minimum_size.x = maxf(width, RlLook.px(LEAST))


## The width of all that stands beside each other in the dock's window.
func _needed() -> float:
	var widest: float = 0.0
	var parent: Control = _dock.get_parent_control()
	while parent != null:
		widest = maxf(widest, parent.get_combined_minimum_size().x)
		parent = parent.get_parent_control()
	return widest
