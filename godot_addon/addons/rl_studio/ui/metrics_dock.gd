@tool
extends HSplitContainer
## The Metrics dock: the runs on the left, their curves on the right, live. Draws StudioState. Which
## runs are shown in which colour is kept with the project.

signal connect_requested
## The runs whose curves are on the screen; they want to be followed.
signal shown_runs_changed(ids: PackedStringArray)

const RlChartCurve := preload("chart_curve.gd")
const RlChartGrid := preload("chart_grid.gd")
const RlChartLegend := preload("chart_legend.gd")
const RlCurveMaker := preload("curve_maker.gd")
const RlKept := preload("kept.gd")
const RlLook := preload("look.gd")
const RlMetric := preload("../core/metric.gd")
const RlRunList := preload("run_list.gd")
const RlRunSelection := preload("../core/run_selection.gd")
const RlRunState := preload("../core/run_state.gd")
const RlSeries := preload("../core/series.gd")
const RlStudioState := preload("../core/studio_state.gd")

const REDRAW_S: float = 0.12
const X_NAMES: PackedStringArray = ["agent steps", "environment steps", "wall time"]
const X_TIPS: PackedStringArray = [
	"Every decision of every agent counts as one.",
	"Every step of a game counts as one, however many agents it has.",
	"Time since the first step, that of the run before included where one was resumed.",
]
## Key of what is kept of the runs' ticks and colours.
const KEPT: String = "shown_runs"
## A narrower dock opens without its list of runs, in pixels at the editor's scale.
const ROOMY: float = 700.0
## How much of the dock's width the list of runs takes, within limits.
const LIST_SHARE: float = 0.24
## Least height of the dock in windows of little height and in others, from [constant TALL] on.
const LOW: float = 190.0
const HIGH: float = 240.0
const TALL: float = 640.0
const BANDS: int = 0
const BY_POLICY: int = 1

var _state: RlStudioState
var _selection: RlRunSelection = RlRunSelection.new()
var _keys: PackedStringArray = RlMetric.DEFAULT_KEYS.duplicate()
var _maker: RlCurveMaker = RlCurveMaker.new()
## Whether the user said if the list of runs is to be seen.
var _is_list_chosen: bool = false

@onready var _left: Control = %Left
@onready var _show_runs: Button = %ShowRuns
@onready var _runs: RlRunList = %Runs
@onready var _smoothing: HSlider = %Smoothing
@onready var _smoothing_value: Label = %SmoothingValue
@onready var _x_axis: OptionButton = %XAxis
@onready var _menu: MenuButton = %Charts
@onready var _legend: RlChartLegend = %Legend
@onready var _grid: RlChartGrid = %Grid
@onready var _empty: Label = %Empty
@onready var _connect: Button = %Connect
@onready var _throttle: Timer = %Throttle


## Must be called before the dock enters the tree.
func setup(state: RlStudioState) -> void:
	_state = state


func _ready() -> void:
	if _state == null:
		return
	_selection.load_dict(RlKept.load_dict(KEPT))
	_runs.run_toggled.connect(_on_run_toggled)
	_show_runs.toggled.connect(func(on: bool) -> void: _left.visible = on)
	_show_runs.pressed.connect(func() -> void: _is_list_chosen = true)
	resized.connect(_fit)
	_smoothing.value_changed.connect(func(_value: float) -> void: _draw_soon())
	for index: int in X_NAMES.size():
		_x_axis.add_item(X_NAMES[index].capitalize(), index)
		_x_axis.set_item_tooltip(index, X_TIPS[index])
	_x_axis.item_selected.connect(_on_x_axis_item_selected)
	_on_x_axis_item_selected(0)
	_menu.get_popup().hide_on_checkable_item_selection = false
	_menu.get_popup().index_pressed.connect(_on_menu_index_pressed)
	_menu.about_to_popup.connect(_build_menu)
	_connect.pressed.connect(func() -> void: connect_requested.emit())
	_throttle.timeout.connect(_render)
	visibility_changed.connect(_draw_soon)
	_state.connection_changed.connect(_draw_soon)
	_state.runs_changed.connect(_on_runs_changed)
	_state.run_changed.connect(_on_run_changed)
	_state.samples_added.connect(_on_samples_added)
	_grid.show_keys(_keys)
	shown_runs_changed.emit(_selection.shown())
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
	_runs.show_runs(_state, _selection)
	_smoothing_value.text = "%.2f" % _smoothing.value
	_maker.weight = _smoothing.value
	var all: Array[RlChartCurve] = []
	for key: String in _keys:
		var curves: Array[RlChartCurve] = _maker.make(key, _shown_runs(), _selection)
		all.append_array(curves)
		_grid.show_curves(key, curves, _maker.x)
	_legend.show_curves(all)
	_grid.visible = not all.is_empty()
	_empty.visible = all.is_empty()
	_empty.text = _empty_text()
	_connect.visible = (
		all.is_empty()
		and _state.link in [RlStudioState.RlLink.OFFLINE, RlStudioState.RlLink.FAILED]
	)


func _shown_runs() -> Array[RlRunState]:
	var found: Array[RlRunState] = []
	for id: String in _selection.shown():
		if _state.run(id) != null:
			found.append(_state.run(id))
	return found


func _empty_text() -> String:
	if not _state.is_ready() and _state.runs.is_empty():
		return "Not connected: connect to see the runs of this project."
	if _state.runs.is_empty():
		return "No runs yet. Open the Train dock and press Train."
	var shown: Array[RlRunState] = _shown_runs()
	if shown.is_empty():
		return "Tick a run on the left to see its curves."
	return _why_no_curves(shown[-1])


## Of several runs without curves the one that was ticked last is spoken of.
func _why_no_curves(run: RlRunState) -> String:
	if run.last_seq > 0 and _maker.x != RlSeries.RlX.AGENT_STEPS:
		return "%s does not tell its %s." % [run.title(), X_NAMES[_maker.x]]
	if run.is_active():
		return "%s: the curves begin when the first episodes have ended." % run.title()
	if run.timesteps > 0 and run.last_seq == 0:
		return "%s: its curves are on the way." % run.title()
	return "%s ended before there was anything to draw." % run.title()


func _build_menu() -> void:
	var popup: PopupMenu = _menu.get_popup()
	popup.clear()
	popup.add_check_item("Band from lowest to highest reward")
	popup.set_item_checked(BANDS, _maker.with_bands)
	popup.add_check_item("A curve for each policy")
	popup.set_item_checked(BY_POLICY, _maker.by_policy)
	popup.add_separator()
	for key: String in _known_keys():
		if key not in RlMetric.HIDDEN:
			popup.add_check_item(RlMetric.long_title(key))
			popup.set_item_metadata(popup.item_count - 1, key)
			popup.set_item_checked(popup.item_count - 1, key in _keys)


## The usual charts, and then all others by name: the same order each time.
func _known_keys() -> PackedStringArray:
	var others: PackedStringArray = []
	for keys: PackedStringArray in _shown_runs().map(_keys_of) + [_keys]:
		for key: String in keys:
			if key not in RlMetric.DEFAULT_KEYS and key not in others:
				others.append(key)
	others.sort()
	return RlMetric.DEFAULT_KEYS + others


func _keys_of(run: RlRunState) -> PackedStringArray:
	return run.curves.keys()


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	var height: float = DisplayServer.window_get_size().y / EditorInterface.get_editor_scale()
	custom_minimum_size = Vector2(RlLook.px(200), RlLook.px(LOW if height < TALL else HIGH))
	_smoothing.custom_minimum_size.x = RlLook.px(60)
	for label: Label in [_empty, _smoothing_value]:
		RlLook.dim(label)
	_maker.whole_color = get_theme_color(&"font_color", &"Label")
	for slot: int in _maker.colors.size():
		_maker.colors[slot] = RlLook.run_color(self, slot)
	_draw_soon()


func _fit() -> void:
	if size.x <= 0.0:
		return  # behind another dock
	_runs.custom_minimum_size.x = clampf(size.x * LIST_SHARE, RlLook.px(170), RlLook.px(240))
	if not _is_list_chosen:
		_show_runs.button_pressed = size.x >= RlLook.px(ROOMY)


func _on_runs_changed() -> void:
	var run: RlRunState = _state.current_run
	if run != null and (run.is_active() or run.timesteps > 0) and _selection.show_new(run.id):
		_on_selection_changed()
	_draw_soon()


## A run that failed before it had learned anything takes no colour from others.
func _on_run_changed(run: RlRunState) -> void:
	if run.state == "failed" and run.timesteps == 0 and _selection.is_shown(run.id):
		_selection.forget(run.id)
		_on_selection_changed()
	_draw_soon()


func _on_selection_changed() -> void:
	RlKept.save_dict(KEPT, _selection.to_dict())
	shown_runs_changed.emit(_selection.shown())


func _on_run_toggled(run_id: String, shown: bool) -> void:
	_selection.set_shown(run_id, shown)
	_on_selection_changed()
	_draw_soon()


func _on_samples_added(run: RlRunState) -> void:
	if _selection.is_shown(run.id):
		_draw_soon()


func _on_x_axis_item_selected(index: int) -> void:
	_maker.x = index as RlSeries.RlX
	_x_axis.tooltip_text = X_TIPS[index]
	_draw_soon()


## The menu stays open and keeps its order; only the tick changes.
func _on_menu_index_pressed(index: int) -> void:
	_menu.get_popup().toggle_item_checked(index)
	if index == BANDS:
		_maker.with_bands = not _maker.with_bands
	elif index == BY_POLICY:
		_maker.by_policy = not _maker.by_policy
	else:
		var key: String = _menu.get_popup().get_item_metadata(index)
		if key in _keys:
			_keys.remove_at(_keys.find(key))
		else:
			_keys.append(key)
		_grid.show_keys(_keys)
	_draw_soon()
