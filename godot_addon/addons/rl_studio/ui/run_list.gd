@tool
extends ScrollContainer
## The runs of the project: which are shown in the charts, in which colour, and how they are.

signal run_toggled(run_id: String, shown: bool)

const RlLook := preload("look.gd")
const RlRunRow := preload("run_row.gd")
const RlRunSelection := preload("../core/run_selection.gd")
const RlRunState := preload("../core/run_state.gd")
const RlRunTitles := preload("../core/run_titles.gd")
const RlStudioState := preload("../core/studio_state.gd")

var _rows: Dictionary[String, RlRunRow] = {}
var _box: VBoxContainer = VBoxContainer.new()


func _init() -> void:
	horizontal_scroll_mode = ScrollContainer.SCROLL_MODE_DISABLED
	size_flags_vertical = Control.SIZE_EXPAND_FILL
	_box.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_box.add_theme_constant_override(&"separation", 0)
	add_child(_box)


## Draws the runs of [param state], newest first.
func show_runs(state: RlStudioState, selection: RlRunSelection) -> void:
	for id: String in _rows.keys():
		if state.run(id) == null:
			_rows[id].queue_free()
			_rows.erase(id)
	for index: int in state.runs.size():
		var run: RlRunState = state.runs[index]
		if not _rows.has(run.id):
			_rows[run.id] = _make_row(run.id)
		_box.move_child(_rows[run.id], index)
		var color: Color = Color.TRANSPARENT
		if selection.is_shown(run.id):
			color = RlLook.run_color(self, selection.slot(run.id))
		var notes: PackedStringArray = [
			state.origin_text(run), RlRunTitles.scene_note(run, state.runs)
		]
		_rows[run.id].show_run(run, selection.is_shown(run.id), color, notes)


func _make_row(id: String) -> RlRunRow:
	var row: RlRunRow = RlRunRow.new()
	row.toggled.connect(func(on: bool) -> void: run_toggled.emit(id, on))
	_box.add_child(row)
	return row
