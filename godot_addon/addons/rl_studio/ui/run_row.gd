@tool
extends VBoxContainer
## One run in a list: whether it is shown and how it is; below, why it ended and where it began.

signal toggled(on: bool)

const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlRunState := preload("../core/run_state.gd")

const ICONS: Dictionary[String, StringName] = {
	"finished": &"StatusSuccess", "failed": &"StatusError", "stopped": &"Stop"
}
const TEXT_COLORS: Array[StringName] = [
	&"font_color",
	&"font_pressed_color",
	&"font_hover_color",
	&"font_hover_pressed_color",
	&"font_focus_color"
]

var _check: CheckBox = CheckBox.new()
var _facts: Label = Label.new()
## What is drawn, not to draw it again.
var _shown: Array = []


func _init() -> void:
	add_theme_constant_override(&"separation", -4)
	_check.clip_text = true
	_check.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_check.toggled.connect(func(on: bool) -> void: toggled.emit(on))
	_facts.name = "Facts"
	_facts.clip_text = true
	_facts.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_facts.mouse_filter = Control.MOUSE_FILTER_PASS
	add_child(_check)
	add_child(_facts)


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED:
		_shown = []


## Draws [param run] in [param color]; [param origin] says where it began.
func show_run(run: RlRunState, shown: bool, color: Color, origin: String) -> void:
	_check.set_pressed_no_signal(shown)
	var facts: PackedStringArray = ["%s steps" % RlFormat.count(run.timesteps)]
	if run.end_text() != "":
		facts.insert(0, run.end_text())
	if origin != "":
		facts.append(origin)
	var wanted: Array = [run.state, color, facts, run.figures_text(), run.message]
	if wanted == _shown:
		return
	_shown = wanted
	_check.text = run.title()
	for item: StringName in TEXT_COLORS:
		_check.add_theme_color_override(item, color)
	var icon_name: StringName = ICONS.get(run.state, &"Play")
	_check.icon = RlLook.icon(self, icon_name)
	_facts.text = "  " + ", ".join(facts)
	_facts.add_theme_font_size_override(&"font_size", RlLook.small(self))
	RlLook.dim(_facts)
	var tip: PackedStringArray = [run.id, run.state_text()]
	tip.append_array(facts)
	tip.append(run.figures_text())
	if run.message != "":
		tip.append(run.message)
	_check.tooltip_text = "\n".join(tip)
	_facts.tooltip_text = _check.tooltip_text
