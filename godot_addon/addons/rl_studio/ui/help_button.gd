@tool
extends Button
## Opens the page of the documentation that fits, see Manual.

const RlLook := preload("look.gd")
const RlManual := preload("manual.gd")

## The page, a file of docs/, and its heading as browsers find it.
@export var page: String = "editor.md"
@export var section: String = ""


func _init() -> void:
	flat = true
	tooltip_text = "Help on this dock"


func _ready() -> void:
	pressed.connect(func() -> void: RlManual.open(page, section))
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


func _apply_theme() -> void:
	if not RlLook.is_edited(self):
		icon = RlLook.icon(self, &"Help")
