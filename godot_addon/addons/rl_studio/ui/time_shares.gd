@tool
extends VBoxContainer
## Where the wall time of a run goes: a bar, its legend, and the trainer's advice. Hidden for runs
## that do not tell.

const RlBottleneck := preload("../core/bottleneck.gd")
const RlFormat := preload("../core/format.gd")
const RlHintLine := preload("hint_line.gd")
const RlLook := preload("look.gd")
const RlShareBar := preload("share_bar.gd")

var _entries: Dictionary[String, Label] = {}
var _swatches: Dictionary[String, ColorRect] = {}

@onready var _name: Label = %Name
@onready var _bar: RlShareBar = %Bar
@onready var _legend: HFlowContainer = %Legend
@onready var _advice: RlHintLine = %Advice


func _ready() -> void:
	for part: String in RlBottleneck.PARTS:
		_legend.add_child(_make_entry(part))
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Draws [param bottleneck].
func show_shares(bottleneck: RlBottleneck) -> void:
	visible = bottleneck.is_known()
	if not visible:
		return
	_bar.show_shares(bottleneck)
	for part: String in RlBottleneck.PARTS:
		var percent: String = RlFormat.percent(bottleneck.share(part))
		_entries[part].text = "%s %s" % [RlBottleneck.NAMES[part], percent]
		_entries[part].get_parent_control().tooltip_text = RlShareBar.tooltip(bottleneck, part)
	_advice.show_hint(bottleneck.advice())


func _make_entry(part: String) -> Control:
	var entry: HBoxContainer = HBoxContainer.new()
	entry.mouse_filter = Control.MOUSE_FILTER_PASS
	var swatch: ColorRect = ColorRect.new()
	_swatches[part] = swatch
	swatch.custom_minimum_size = Vector2(RlLook.px(8.0), RlLook.px(8.0))
	swatch.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	swatch.mouse_filter = Control.MOUSE_FILTER_IGNORE
	entry.add_child(swatch)
	var label: Label = Label.new()
	label.name = RlBottleneck.NAMES[part]
	entry.add_child(label)
	_entries[part] = label
	return entry


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	RlLook.dim(_name)
	for part: String in _swatches:
		_swatches[part].color = RlLook.part_color(self, part)
	for label: Label in _labels():
		label.add_theme_stylebox_override(&"normal", StyleBoxEmpty.new())


func _labels() -> Array[Label]:
	var labels: Array[Label] = [_name]
	labels.append_array(_entries.values())
	return labels
