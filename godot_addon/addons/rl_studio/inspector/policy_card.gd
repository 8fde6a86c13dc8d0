@tool
extends VBoxContainer
## What the inspector shows of a policy above its properties: the verdict, the proof, the facts, and
## how long a decision takes on this machine.

const RlFormat := preload("../core/format.gd")
const RlHintLine := preload("../ui/hint_line.gd")
const RlLook := preload("../ui/look.gd")
const RlPolicyFacts := preload("../core/policy_facts.gd")
const RlPolicyTimer := preload("policy_timer.gd")
const RlProofText := preload("../core/proof_text.gd")

const MEASURING: String = "measuring…"
const FAILED: String = "it does not run: see the Output panel"

var _policy: RLPolicy
var _head: HBoxContainer = HBoxContainer.new()
var _icon: TextureRect = TextureRect.new()
var _verdict: Label = Label.new()
var _text: Label = Label.new()
var _grid: GridContainer = GridContainer.new()
var _again: Button = Button.new()
var _timer: RlPolicyTimer = RlPolicyTimer.new()
var _speed: Label


func _init() -> void:
	name = "RLPolicyCard"
	_verdict.name = "Verdict"
	_text.name = "Text"
	_grid.name = "Facts"
	_again.name = "Again"


## Must be called before the card enters the tree.
func setup(policy: RLPolicy) -> void:
	_policy = policy


func _ready() -> void:
	_icon.stretch_mode = TextureRect.STRETCH_KEEP_CENTERED
	_verdict.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_verdict.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_text.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_text.mouse_filter = Control.MOUSE_FILTER_PASS
	_grid.columns = 2
	_again.text = "Measure again"
	_again.size_flags_horizontal = Control.SIZE_SHRINK_BEGIN
	_again.pressed.connect(_measure)
	_head.add_child(_icon)
	_head.add_child(_verdict)
	for part: Control in [_head, _text, _grid, _again]:
		add_child(part)
	add_child(_timer)
	_timer.measured.connect(_on_timer_measured)
	_render()


func _enter_tree() -> void:
	_policy.changed.connect(_on_policy_changed)
	EditorInterface.get_resource_filesystem().resources_reimported.connect(_on_reimported)


func _exit_tree() -> void:
	_policy.changed.disconnect(_on_policy_changed)
	EditorInterface.get_resource_filesystem().resources_reimported.disconnect(_on_reimported)


func _render() -> void:
	var facts: RlPolicyFacts = RlPolicyFacts.new(_policy)
	var is_valid: bool = _policy.is_valid()
	_verdict.text = facts.verdict()
	_text.text = RlProofText.describe(facts.proof())
	_text.tooltip_text = RlProofText.details(facts.proof())
	if not is_valid:
		_text.text = "\n".join(_policy.get_problems())
	_text.visible = _text.text != ""
	_timer.stop()
	for child: Node in _grid.get_children():
		child.queue_free()
		_grid.remove_child(child)
	for title: String in facts.origin():
		_add_row(title, facts.origin()[title]).tooltip_text = facts.versions()
	if is_valid:
		var network: Dictionary[String, String] = facts.network(_file_size())
		for title: String in network:
			_add_row(title, network[title])
		_speed = _add_row("Speed here", "")
		_measure()
	_again.visible = is_valid
	_apply_theme(facts)


func _measure() -> void:
	_again.disabled = _timer.measure(_policy)
	_speed.text = MEASURING if _again.disabled else FAILED


func _add_row(title: String, text: String) -> Label:
	var name_label: Label = Label.new()
	name_label.text = title
	name_label.size_flags_vertical = Control.SIZE_SHRINK_BEGIN
	RlLook.dim(name_label)
	var label: Label = Label.new()
	label.name = title.to_pascal_case()
	label.text = text
	label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	label.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	label.mouse_filter = Control.MOUSE_FILTER_PASS
	_grid.add_child(name_label)
	_grid.add_child(label)
	return label


func _file_size() -> int:
	var path: String = _policy.resource_path
	if "::" in path or not FileAccess.file_exists(path):
		return 0
	var file: FileAccess = FileAccess.open(path, FileAccess.READ)
	return file.get_length() if file != null else 0


func _apply_theme(facts: RlPolicyFacts) -> void:
	var color: Color = RlLook.color(self, &"warning_color")
	var icon_name: StringName = &"StatusWarning"
	if not _policy.is_valid():
		color = RlLook.color(self, &"error_color")
		icon_name = &"StatusError"
	elif facts.is_proven():
		color = RlLook.color(self, &"success_color")
		icon_name = &"StatusSuccess"
	_icon.texture = RlLook.icon(self, icon_name)
	_verdict.add_theme_color_override(&"font_color", color)
	RlLook.emphasize(_verdict)


func _on_timer_measured(single_us: float, shared_us: float, crowd: int) -> void:
	_again.disabled = false
	_speed.text = "%s µs a decision" % RlFormat.value(single_us)
	if not is_nan(shared_us):
		_speed.text += ", %s µs each if %d decide at once" % [RlFormat.value(shared_us), crowd]


func _on_policy_changed() -> void:
	if is_node_ready():
		_render()


func _on_reimported(paths: PackedStringArray) -> void:
	if _policy.resource_path in paths:
		_on_policy_changed()
