@tool
extends VBoxContainer
## One run in a list: whether it is shown, the colour of its curves and how it is; below, why it
## ended and where it began.

signal toggled(on: bool)

const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlRunState := preload("../core/run_state.gd")

const ICONS: Dictionary[String, StringName] = {
	"finished": &"StatusSuccess", "failed": &"StatusError", "stopped": &"Stop"
}
const SWATCH: float = 10.0

var _swatch: ColorRect = ColorRect.new()
var _icon: TextureRect = TextureRect.new()
var _check: CheckBox = CheckBox.new()
var _facts: Label = Label.new()
## What is drawn, not to draw it again.
var _shown: Array = []


func _init() -> void:
	add_theme_constant_override(&"separation", -4)
	var line: HBoxContainer = HBoxContainer.new()
	for mark: Control in [_swatch, _icon]:
		mark.size_flags_vertical = Control.SIZE_SHRINK_CENTER
		mark.mouse_filter = Control.MOUSE_FILTER_IGNORE
	_swatch.name = "Swatch"
	_icon.stretch_mode = TextureRect.STRETCH_KEEP_CENTERED
	_check.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_check.clip_text = true
	_check.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_check.toggled.connect(func(on: bool) -> void: toggled.emit(on))
	_facts.name = "Facts"
	_facts.clip_text = true
	_facts.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_facts.mouse_filter = Control.MOUSE_FILTER_PASS
	for part: Control in [_swatch, _check, _icon]:
		line.add_child(part)
	add_child(line)
	add_child(_facts)


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED:
		_shown = []


## Draws [param run], whose curves have [param color]; [param notes] say where it began, and what
## else tells it from others.
func show_run(run: RlRunState, shown: bool, color: Color, notes: PackedStringArray) -> void:
	_check.set_pressed_no_signal(shown)
	var facts: PackedStringArray = ["%s steps" % RlFormat.count(run.timesteps)]
	if run.end_text() != "":
		facts.insert(0, run.end_text())
	for note: String in notes:
		if note != "":
			facts.append(note)
	var wanted: Array = [run.state, color, facts, run.figures_text(), run.message]
	if wanted == _shown:
		return
	_shown = wanted
	_check.text = run.title()
	_swatch.color = color
	_swatch.custom_minimum_size = Vector2.ONE * RlLook.px(SWATCH)
	_show_state(run)
	_facts.text = ", ".join(facts)
	_facts.add_theme_font_size_override(&"font_size", RlLook.small(self))
	RlLook.dim(_facts)
	var tip: PackedStringArray = [run.about(), run.state_text()]
	tip.append_array(facts)
	tip.append(run.figures_text())
	if run.message != "":
		tip.append(run.message)
	_check.tooltip_text = "\n".join(tip)
	_facts.tooltip_text = _check.tooltip_text


## The icons of a state have its colour; those that stand for none take the theme's.
func _show_state(run: RlRunState) -> void:
	var icon_name: StringName = ICONS.get(run.state, &"Play")
	_icon.texture = RlLook.icon(self, icon_name)
	_icon.tooltip_text = run.state_text()
	_icon.self_modulate = Color.WHITE
	if run.is_active():
		_icon.self_modulate = RlLook.color(self, &"accent_color")
