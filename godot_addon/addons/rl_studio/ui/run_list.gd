@tool
extends ScrollContainer
## The runs of the project: which are shown in the charts, in which colour, and how they are.

signal run_toggled(run_id: String, shown: bool)

const Format := preload("../core/format.gd")
const Look := preload("look.gd")
const RunSelection := preload("../core/run_selection.gd")
const RunState := preload("../core/run_state.gd")

var _rows: Dictionary[String, CheckBox] = {}
var _box: VBoxContainer = VBoxContainer.new()


func _init() -> void:
	horizontal_scroll_mode = ScrollContainer.SCROLL_MODE_DISABLED
	size_flags_vertical = Control.SIZE_EXPAND_FILL
	_box.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_box.add_theme_constant_override(&"separation", 0)
	add_child(_box)


## Draws [param runs], newest first.
func show_runs(runs: Array[RunState], selection: RunSelection) -> void:
	for id: String in _rows.keys():
		if not runs.any(func(run: RunState) -> bool: return run.id == id):
			_rows[id].queue_free()
			_rows.erase(id)
	for index: int in runs.size():
		var run: RunState = runs[index]
		if not _rows.has(run.id):
			_rows[run.id] = _make_row(run.id)
		_box.move_child(_rows[run.id], index)
		_show_run(_rows[run.id], run, selection)


func _show_run(row: CheckBox, run: RunState, selection: RunSelection) -> void:
	var shown: bool = selection.is_shown(run.id)
	row.set_pressed_no_signal(shown)
	row.text = run.title()
	row.tooltip_text = (
		"%s\n%s, %s steps, reward %s"
		% [run.id, run.state_text(), Format.count(run.timesteps), Format.value(run.reward)]
	)
	var color: Color = Look.faded(self)
	if shown:
		color = Look.RUN_COLORS[selection.slot(run.id) % Look.RUN_COLORS.size()]
	for item: StringName in [
		&"font_color",
		&"font_pressed_color",
		&"font_hover_color",
		&"font_hover_pressed_color",
		&"font_focus_color"
	]:
		row.add_theme_color_override(item, color)
	var icons: Dictionary[String, StringName] = {
		"finished": &"StatusSuccess", "failed": &"StatusError", "stopped": &"Stop"
	}
	var icon_name: StringName = icons.get(run.state, &"Play")
	row.icon = Look.icon(self, icon_name)


func _make_row(id: String) -> CheckBox:
	var row: CheckBox = CheckBox.new()
	row.clip_text = true
	row.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	row.toggled.connect(func(on: bool) -> void: run_toggled.emit(id, on))
	_box.add_child(row)
	return row
