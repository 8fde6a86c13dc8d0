@tool
extends HSplitContainer
## The Metrics dock: the runs on the left, their curves on the right, live. Draws StudioState.

signal connect_requested
## The runs whose curves are on the screen; they want to be followed.
signal shown_runs_changed(ids: PackedStringArray)

const ChartCurve := preload("chart_curve.gd")
const ChartGrid := preload("chart_grid.gd")
const Look := preload("look.gd")
const Metric := preload("../core/metric.gd")
const RunList := preload("run_list.gd")
const RunSelection := preload("../core/run_selection.gd")
const RunState := preload("../core/run_state.gd")
const Series := preload("../core/series.gd")
const StudioState := preload("../core/studio_state.gd")

const REDRAW_S: float = 0.12

var _state: StudioState
var _selection: RunSelection = RunSelection.new()
var _keys: PackedStringArray = Metric.DEFAULT_KEYS
var _show_bands: bool = true

@onready var _runs: RunList = %Runs
@onready var _smoothing: HSlider = %Smoothing
@onready var _smoothing_value: Label = %SmoothingValue
@onready var _steps_note: Label = %StepsNote
@onready var _menu: MenuButton = %Charts
@onready var _grid: ChartGrid = %Grid
@onready var _empty: Label = %Empty
@onready var _connect: Button = %Connect
@onready var _throttle: Timer = %Throttle


## Must be called before the dock enters the tree.
func setup(state: StudioState) -> void:
	_state = state


func _ready() -> void:
	if _state == null:
		return
	_runs.run_toggled.connect(_on_run_toggled)
	_smoothing.value_changed.connect(func(_value: float) -> void: _draw_soon())
	_menu.get_popup().hide_on_checkable_item_selection = false
	_menu.get_popup().index_pressed.connect(_on_menu_index_pressed)
	_menu.about_to_popup.connect(_build_menu)
	_connect.pressed.connect(func() -> void: connect_requested.emit())
	_throttle.timeout.connect(_render)
	visibility_changed.connect(_draw_soon)
	_state.connection_changed.connect(_draw_soon)
	_state.runs_changed.connect(_on_runs_changed)
	_state.run_changed.connect(func(_run: RunState) -> void: _draw_soon())
	_state.samples_added.connect(_on_samples_added)
	_grid.show_keys(_keys)
	_apply_theme()
	_on_runs_changed()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


func _draw_soon() -> void:
	if is_node_ready() and _throttle.is_stopped():
		_throttle.start(REDRAW_S)


func _render() -> void:
	if not is_visible_in_tree():
		return  # drawn when it is shown
	_runs.show_runs(_state.runs, _selection)
	_smoothing_value.text = "%.2f" % _smoothing.value
	var has_points: bool = false
	for key: String in _keys:
		var curves: Array[ChartCurve] = _curves_of(key)
		has_points = has_points or not curves.is_empty()
		_grid.show_curves(key, curves)
	_grid.visible = has_points
	_empty.visible = not has_points
	_empty.text = _empty_text()
	_connect.visible = (
		not has_points and _state.link in [StudioState.Link.OFFLINE, StudioState.Link.FAILED]
	)


func _curves_of(key: String) -> Array[ChartCurve]:
	var curves: Array[ChartCurve] = []
	for id: String in _selection.shown():
		var run: RunState = _state.run(id)
		if run == null or not run.series.has(key):
			continue
		var series: Series = run.series[key]
		var curve: ChartCurve = ChartCurve.new()
		curve.title = run.title()
		curve.color = Look.RUN_COLORS[_selection.slot(id) % Look.RUN_COLORS.size()]
		curve.raw = series.points
		curve.smooth = series.smoothed(_smoothing.value)
		curves.append(curve)
		var low: String = Metric.low_edge(key)
		if _show_bands and run.series.has(low) and _selection.shown().size() == 1:
			curve.set_band(run.series[low].points, run.series[Metric.high_edge(key)].points)
	return curves


func _empty_text() -> String:
	if _state.runs.is_empty():
		if not _state.is_ready():
			return "Not connected: connect to see the runs of this project."
		return "No runs yet. Open the Train dock and press Train."
	if _selection.shown().is_empty():
		return "Tick a run on the left to see its curves."
	var run: RunState = _state.run(_selection.shown()[0])
	if run != null and run.is_active():
		return "%s: the curves begin when the first episodes have ended." % run.title()
	return "This run has no data: it ended before the first iteration was done."


func _build_menu() -> void:
	var known: Dictionary[String, bool] = {}
	for key: String in Metric.DEFAULT_KEYS:
		known[key] = true
	for id: String in _selection.shown():
		var run: RunState = _state.run(id)
		if run != null:
			for key: String in run.series:
				known[key] = true
	var popup: PopupMenu = _menu.get_popup()
	popup.clear()
	popup.add_check_item("Band from lowest to highest reward")
	popup.set_item_checked(0, _show_bands)
	popup.add_separator()
	for key: String in known:
		if key not in Metric.HIDDEN:
			popup.add_check_item(Metric.long_title(key))
			popup.set_item_metadata(popup.item_count - 1, key)
			popup.set_item_checked(popup.item_count - 1, key in _keys)


func _apply_theme() -> void:
	if Look.is_edited(self):
		return
	custom_minimum_size = Vector2(Look.px(200), Look.px(190))
	_smoothing.custom_minimum_size.x = Look.px(110)
	_runs.custom_minimum_size.x = Look.px(182)
	for label: Label in [_steps_note, _empty, _smoothing_value]:
		Look.dim(label)
	_draw_soon()


func _on_runs_changed() -> void:
	var run: RunState = _state.current_run
	if run != null and not _selection.is_shown(run.id):
		_selection.show_new(run.id)
		shown_runs_changed.emit(_selection.shown())
	_draw_soon()


func _on_run_toggled(run_id: String, shown: bool) -> void:
	_selection.set_shown(run_id, shown)
	shown_runs_changed.emit(_selection.shown())
	_draw_soon()


func _on_samples_added(run: RunState) -> void:
	if _selection.is_shown(run.id):
		_draw_soon()


func _on_menu_index_pressed(index: int) -> void:
	if index == 0:
		_show_bands = not _show_bands
	else:
		var key: String = _menu.get_popup().get_item_metadata(index)
		if key in _keys:
			_keys.remove_at(_keys.find(key))
		else:
			_keys.append(key)
		_grid.show_keys(_keys)
	_build_menu()
	_draw_soon()
