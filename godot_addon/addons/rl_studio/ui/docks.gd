@tool
extends RefCounted
## Puts controls into the editor's docks: EditorDock from Godot 4.6 on, the older calls before. The
## only place that knows the difference.

enum RlPlace { SIDE, BOTTOM }

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
		_plugin.add_control_to_dock(EditorPlugin.DOCK_SLOT_RIGHT_UR, content)
		_added.append(func() -> void: _plugin.remove_control_from_docks(content))


## Removes and frees everything, the last one first.
func remove_all() -> void:
	while not _added.is_empty():
		var remove: Callable = _added.pop_back()
		remove.call()


func _add_dock(
	content: Control, title: String, key: String, icon: StringName, place: RlPlace
) -> void:
	var dock: Container = ClassDB.instantiate(&"EditorDock")
	dock.name = key
	dock.set(&"title", title)
	dock.set(&"layout_key", key)
	dock.set(&"icon_name", icon)
	dock.set(&"default_slot", _SLOT_BOTTOM if place == RlPlace.BOTTOM else _SLOT_RIGHT_UPPER)
	if place == RlPlace.BOTTOM:
		dock.set(&"available_layouts", _ALL_LAYOUTS)
	dock.set(&"closable", true)
	dock.add_child(content)
	_plugin.call(&"add_dock", dock)
	_added.append(func() -> void: _remove_dock(dock))


func _remove_dock(dock: Container) -> void:
	_plugin.call(&"remove_dock", dock)
	dock.queue_free()
