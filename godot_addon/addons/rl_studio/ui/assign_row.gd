@tool
extends VBoxContainer
## One agent of the open scene that a policy can be assigned to, and whether it fits.

signal toggled

const RlAgentTarget := preload("../scenes/agent_target.gd")
const RlHintLine := preload("hint_line.gd")
const RlLook := preload("look.gd")

const FITS: Dictionary[RlAgentTarget.RlFit, String] = {
	RlAgentTarget.RlFit.UNKNOWN: "Whether the policy fits is not known yet.",
	RlAgentTarget.RlFit.GOOD: "The policy fits.",
}

## How far notes are moved in, to stand below the text of the check box.
const INDENT: float = 22.0

var target: RlAgentTarget

var _check: CheckBox = CheckBox.new()
var _good: RlHintLine = RlHintLine.new()
var _bad: RlHintLine = RlHintLine.new()
var _note: Label = Label.new()


## Agents whose policy does not fit can be ticked, but are not from the start; nor is the RLSync.
func setup(which: RlAgentTarget, tick: bool) -> void:
	target = which
	_check.set_pressed_no_signal(tick and target.fit != RlAgentTarget.RlFit.BAD)


func _ready() -> void:
	add_theme_constant_override(&"separation", 0)
	_check.name = "Tick"
	_check.text = target.title()
	_check.clip_text = true
	_check.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_check.tooltip_text = target.title()
	_check.toggled.connect(func(_on: bool) -> void: toggled.emit())
	_good.name = "Good"
	_good.icon_name = &"StatusSuccess"
	_bad.name = "Bad"
	_bad.icon_name = &"StatusWarning"
	_note.name = "Note"
	_note.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	var margin: MarginContainer = MarginContainer.new()
	margin.add_theme_constant_override(&"margin_left", RlLook.px(INDENT))
	var notes: VBoxContainer = VBoxContainer.new()
	notes.add_theme_constant_override(&"separation", 0)
	margin.add_child(notes)
	add_child(_check)
	add_child(margin)
	for part: Control in [_good, _bad, _note]:
		notes.add_child(part)
	_render()


## Whether the policy shall be assigned.
func is_ticked() -> bool:
	return _check.button_pressed


func _render() -> void:
	_check.icon = RlLook.icon(self, &"Node")
	RlLook.dim(_note)
	_bad.show_hint("\n".join(target.problems))
	_good.show_hint(FITS[target.fit] if target.fit == RlAgentTarget.RlFit.GOOD else "")
	var notes: PackedStringArray = []
	if target.is_sync():
		notes.append("Plays all agents that have no policy of their own.")
	elif target.fit == RlAgentTarget.RlFit.UNKNOWN:
		notes.append(FITS[target.fit])
	var present: String = target.present_path()
	if present == target.path:
		notes.append("Has this policy already.")
	elif present != "":
		notes.append("Has %s now." % present.get_file())
	_note.text = "\n".join(notes)
	_note.visible = not notes.is_empty()
