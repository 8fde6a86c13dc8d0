@tool
extends RefCounted
## Puts controls into the editor's docks: EditorDock from Godot 4.6 on, the older calls before. The
## only place that knows the difference.
##
## Where a project has no layout of its own yet, the side docks get a column of their own if the
## window is wide enough, else a tab in the Inspector's. In a window that is too small for the
## editor itself, whatever stands at the right is outside of it, so they go to the left.

enum RlPlace { SIDE, BOTTOM }

## From these widths of the window on, in pixels at the editor's scale: a column, a tab.
const _WIDE: float = 1440.0
const _NARROW: float = 1100.0

const _SLOT_LEFT_UPPER: int = 0
const _SLOT_INSPECTOR: int = 4
const _SLOT_RIGHT_UPPER: int = 6
const _SLOT_BOTTOM: int = 8
const _ALL_LAYOUTS: int = 7

var _plugin: EditorPlugin
## What was added, and how it is to be removed.
var _added: Array[Callable] = []


func _init(plugin: EditorPlugin) -> void:
	_plugin = plugin


## Adds [param content]; [param key] is the dock's identity in saved layouts.
func add(content: Control, title: String, key: String, icon: StringName, place: RlPlace) -> void:
	content.name = title
	if ClassDB.class_exists(&"EditorDock") and _plugin.has_method(&"add_dock"):
		_add_dock(content, title, key, icon, place)
	elif place == RlPlace.BOTTOM:
		_plugin.add_control_to_bottom_panel(content, title)
		_added.append(func() -> void: _plugin.remove_control_from_bottom_panel(content))
	else:
		_plugin.add_control_to_dock(_side_slot(), content)
		_added.append(func() -> void: _plugin.remove_control_from_docks(content))


## Brings the dock of [param content] to the front.
static func show(content: Control) -> void:
	var dock: Node = content.get_parent()
	if dock.has_method(&"make_visible"):
		dock.call(&"make_visible")
		return
	var tabs: TabContainer = dock as TabContainer
	if tabs != null:
		tabs.current_tab = tabs.get_tab_idx_from_control(content)


## Removes and frees everything, the last one first.
func remove_all() -> void:
	while not _added.is_empty():
		var remove: Callable = _added.pop_back()
		remove.call()


## Without a window there is no width; then there is room.
func _side_slot() -> EditorPlugin.DockSlot:
	var width: float = DisplayServer.window_get_size().x / EditorInterface.get_editor_scale()
	if width > 0.0 and width < _NARROW:
		return _SLOT_LEFT_UPPER as EditorPlugin.DockSlot
	if width > 0.0 and width < _WIDE:
		return _SLOT_INSPECTOR as EditorPlugin.DockSlot
	return _SLOT_RIGHT_UPPER as EditorPlugin.DockSlot


func _add_dock(
	content: Control, title: String, key: String, icon: StringName, place: RlPlace
) -> void:
	var dock: Container = ClassDB.instantiate(&"EditorDock")
	dock.name = key
	dock.set(&"title", title)
	dock.set(&"layout_key", key)
	dock.set(&"icon_name", icon)
	dock.set(&"default_slot", _SLOT_BOTTOM if place == RlPlace.BOTTOM else _side_slot())
	if place == RlPlace.BOTTOM:
		dock.set(&"available_layouts", _ALL_LAYOUTS)
	dock.set(&"closable", true)
	dock.add_child(content)
	_plugin.call(&"add_dock", dock)
	_added.append(func() -> void: _remove_dock(dock))


func _remove_dock(dock: Container) -> void:
	_plugin.call(&"remove_dock", dock)
	dock.queue_free()
