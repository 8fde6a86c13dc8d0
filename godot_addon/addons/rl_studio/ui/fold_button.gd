@tool
extends Button
## A header that shows and hides the control below it.

const RlLook := preload("look.gd")

var _target: Control


func _init() -> void:
	flat = true
	toggle_mode = true
	alignment = HORIZONTAL_ALIGNMENT_LEFT
	toggled.connect(_on_toggled)


func _ready() -> void:
	_update_icon()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_update_icon.call_deferred()


## The control that is shown while the button is down.
func set_target(target: Control) -> void:
	_target = target
	_target.visible = button_pressed


func _update_icon() -> void:
	if not RlLook.is_edited(self):
		icon = RlLook.icon(self, &"GuiTreeArrowDown" if button_pressed else &"GuiTreeArrowRight")


func _on_toggled(on: bool) -> void:
	if is_instance_valid(_target):
		_target.visible = on
	if is_node_ready():
		_update_icon()
