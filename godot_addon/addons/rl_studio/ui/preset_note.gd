@tool
extends VBoxContainer
## Why one would take the preset that is chosen, unless that is the defaults; after a choice also
## what it changed, and the way back.

signal undo_requested

const RlLook := preload("look.gd")
const RlPresetChoice := preload("../core/preset_choice.gd")

@onready var _reason: Label = %Reason
@onready var _head: Control = %Head
@onready var _changed: Label = %Changed
@onready var _changes: Label = %Changes
@onready var _undo: Button = %Undo


func _ready() -> void:
	_undo.pressed.connect(func() -> void: undo_requested.emit())
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Draws [param choice].
func show_choice(choice: RlPresetChoice) -> void:
	var index: int = choice.current()
	var is_special: bool = index != RlPresetChoice.CUSTOM and not choice.settings(index).is_empty()
	_reason.text = choice.presets[index].reason if is_special else ""
	_reason.visible = _reason.text != ""
	_changes.text = "\n".join(choice.changes())
	_changes.visible = choice.can_undo()
	_head.visible = choice.can_undo()
	visible = _reason.visible or choice.can_undo()


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	RlLook.dim(_reason)
	RlLook.dim(_changed)
	_undo.icon = RlLook.icon(self, &"UndoRedo")
