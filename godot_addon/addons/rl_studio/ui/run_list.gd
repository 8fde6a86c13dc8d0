@tool
extends ScrollContainer
## The runs of the project: which are shown in the charts, in which colour, and how they are.

signal run_toggled(run_id: String, shown: bool)

const Look := preload("look.gd")
const RunRow := preload("run_row.gd")
const RunSelection := preload("../core/run_selection.gd")
const RunState := preload("../core/run_state.gd")
const StudioState := preload("../core/studio_state.gd")

var _rows: Dictionary[String, RunRow] = {}
var _box: VBoxContainer = VBoxContainer.new()


func _init() -> void:
	horizontal_scroll_mode = ScrollContainer.SCROLL_MODE_DISABLED
	size_flags_vertical = Control.SIZE_EXPAND_FILL
	_box.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_box.add_theme_constant_override(&"separation", 0)
	add_child(_box)


## Draws the runs of [param state], newest first.
func show_runs(state: StudioState, selection: RunSelection) -> void:
	for id: String in _rows.keys():
		if state.run(id) == null:
			_rows[id].queue_free()
			_rows.erase(id)
	for index: int in state.runs.size():
		var run: RunState = state.runs[index]
		if not _rows.has(run.id):
			_rows[run.id] = _make_row(run.id)
		_box.move_child(_rows[run.id], index)
		var color: Color = Look.faded(self)
		if selection.is_shown(run.id):
			color = Look.RUN_COLORS[selection.slot(run.id) % Look.RUN_COLORS.size()]
		_rows[run.id].show_run(run, selection.is_shown(run.id), color, state.origin_text(run))


func _make_row(id: String) -> RunRow:
	var row: RunRow = RunRow.new()
	row.toggled.connect(func(on: bool) -> void: run_toggled.emit(id, on))
	_box.add_child(row)
	return row
