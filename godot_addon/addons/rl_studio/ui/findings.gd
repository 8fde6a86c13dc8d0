@tool
extends VBoxContainer
## What was found of the scene to train: a row for each, with the line that it is in and the button
## that mends it.

signal mend_requested(finding: RlFinding)
## The user opens the line that a finding is in.
signal place_requested(finding: RlFinding)
## The user wants a run all the same.
signal ignored

const RlFinding := preload("../checks/finding.gd")
const RlFindings := preload("../core/findings.gd")
const RlHintLine := preload("hint_line.gd")
const RlLook := preload("look.gd")

const BUTTONS: Dictionary[RlFinding.RlFix, String] = {
	RlFinding.RlFix.ADD_SYNC: "Add RLSync",
	RlFinding.RlFix.ADD_AGENT: "Add agent",
	RlFinding.RlFix.OPEN_SCRIPT: "Open script",
	RlFinding.RlFix.OPEN_SCENE: "Show in scene",
	RlFinding.RlFix.SAVE_SCENE: "Save scene…",
	RlFinding.RlFix.TRAIN_OPEN_SCENE: "Train the open scene",
}
const ICONS: Dictionary[RlFinding.RlFix, StringName] = {
	RlFinding.RlFix.ADD_SYNC: &"Add",
	RlFinding.RlFix.ADD_AGENT: &"Add",
	RlFinding.RlFix.OPEN_SCRIPT: &"Script",
	RlFinding.RlFix.OPEN_SCENE: &"PackedScene",
	RlFinding.RlFix.SAVE_SCENE: &"Save",
	RlFinding.RlFix.TRAIN_OPEN_SCENE: &"PackedScene",
}
const TOOLTIPS: Dictionary[RlFinding.RlFix, String] = {
	RlFinding.RlFix.ADD_SYNC: "Adds an RLSync to the scene and saves it; undo takes it out again",
	RlFinding.RlFix.ADD_AGENT:
	"Adds an RLAgent below the selected node and saves the scene; undo takes it out again",
}

## What the rows say.
var _told: Array = [""]


## Draws [param findings]; hidden while there are none. Leaves the rows, which somebody may be about
## to press, where nothing has changed.
func show_findings(findings: RlFindings) -> void:
	var told: Array = findings.items.map(
		func(finding: RlFinding) -> Array: return [finding.to_dictionary(), finding.fix]
	)
	told.append(findings.waiting_for)
	if told == _told:
		return
	_told = told
	for child: Node in get_children():
		remove_child(child)
		child.queue_free()
	visible = not findings.items.is_empty() or findings.waiting_for != ""
	if findings.waiting_for != "":
		var line: RlHintLine = RlHintLine.new()
		add_child(line)
		line.show_hint(findings.waiting_for)
	for finding: RlFinding in findings.items:
		add_child(_row(finding))
	if findings.has_errors() and findings.can_be_ignored():
		var anyway: Button = _button("Train anyway", &"Play")
		anyway.name = "TrainAnyway"
		anyway.tooltip_text = "Starts the run although it is likely to fail"
		anyway.pressed.connect(func() -> void: ignored.emit())
		add_child(anyway)


func _row(finding: RlFinding) -> Control:
	var row: VBoxContainer = VBoxContainer.new()
	row.name = finding.code.to_pascal_case()
	row.add_theme_constant_override(&"separation", RlLook.px(2))
	var line: RlHintLine = RlHintLine.new()
	line.icon_name = &"StatusError" if finding.is_error() else &"StatusWarning"
	row.add_child(line)
	line.show_hint(("%s\n%s" % [finding.message, finding.hint]).strip_edges())
	var ways: HFlowContainer = HFlowContainer.new()
	row.add_child(ways)
	if BUTTONS.has(finding.fix):
		var mend: Button = _button(BUTTONS[finding.fix], ICONS[finding.fix])
		mend.name = "Mend"
		mend.tooltip_text = TOOLTIPS.get(finding.fix, "")
		mend.pressed.connect(func() -> void: mend_requested.emit(finding))
		ways.add_child(mend)
	if finding.line > 0 or finding.fix == RlFinding.RlFix.OPEN_SCRIPT:
		ways.add_child(_link(finding))
	return row


func _link(finding: RlFinding) -> LinkButton:
	var link: LinkButton = LinkButton.new()
	link.name = "Place"
	link.text = finding.place().trim_prefix("res://")
	link.tooltip_text = "Open %s" % finding.place()
	link.underline = LinkButton.UNDERLINE_MODE_ALWAYS
	link.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	link.pressed.connect(func() -> void: place_requested.emit(finding))
	return link


func _button(text: String, icon: StringName) -> Button:
	var button: Button = Button.new()
	button.text = text
	button.icon = RlLook.icon(self, icon)
	button.size_flags_horizontal = Control.SIZE_SHRINK_BEGIN
	return button
