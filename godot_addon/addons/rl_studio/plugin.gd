@tool
extends EditorPlugin
## Owns the parts of the editor side and wires them. No logic.

const RlAssigner := preload("ui/assigner.gd")
const RlDockWidth := preload("ui/dock_width.gd")
const RlDocks := preload("ui/docks.gd")
const RlExportDock := preload("ui/export_dock.gd")
const RlExportStrip := preload("import/export_strip.gd")
const RlFileIntake := preload("files/file_intake.gd")
const RlHelpLinks := preload("ui/help_links.gd")
const RlManual := preload("ui/manual.gd")
const RlMetricsDock := preload("ui/metrics_dock.gd")
const RlNewAgents := preload("agents/new_agents.gd")
const RlOnnxImporter := preload("import/onnx_importer.gd")
const RlPlayedGame := preload("scenes/played_game.gd")
const RlPolicyInspector := preload("inspector/policy_inspector.gd")
const RlPythonFinder := preload("net/python_finder.gd")
const RlRunState := preload("core/run_state.gd")
const RlStockOffer := preload("scenes/stock_offer.gd")
const RlStudio := preload("net/studio.gd")
const RlStudioState := preload("core/studio_state.gd")
const RlTrainingCheck := preload("scenes/training_check.gd")
const RlTrainDock := preload("ui/train_dock.gd")

const EXPORT_DOCK: PackedScene = preload("ui/export_dock.tscn")
const METRICS_DOCK: PackedScene = preload("ui/metrics_dock.tscn")
const TRAIN_DOCK: PackedScene = preload("ui/train_dock.tscn")
## Set by tests, to have docks in an editor without a window.
const TEST_VARIABLE: String = "RL_STUDIO_EDITOR_TEST"

var _importer: RlOnnxImporter
var _strip: RlExportStrip
var _played: RlPlayedGame
var _inspector: RlPolicyInspector
var _state: RlStudioState
var _studio: RlStudio
var _intake: RlFileIntake
var _assigner: RlAssigner
var _agents: RlNewAgents
var _check: RlTrainingCheck
var _help: RlHelpLinks
var _docks: RlDocks
var _widths: Array[RlDockWidth] = []
var _train: RlTrainDock
var _metrics: RlMetricsDock
var _export: RlExportDock


func _enter_tree() -> void:
	_importer = RlOnnxImporter.new()
	add_import_plugin(_importer)
	_strip = RlExportStrip.new()
	add_export_plugin(_strip)
	if DisplayServer.get_name() == "headless" and not OS.has_environment(TEST_VARIABLE):
		return  # an import or an export; nobody is there to look at docks
	_add_setting()
	_inspector = RlPolicyInspector.new()
	add_inspector_plugin(_inspector)
	_state = RlStudioState.new()
	_studio = RlStudio.new()
	add_child(_studio)
	_studio.setup(_state, ProjectSettings.globalize_path("res://"), get_plugin_version())
	_intake = RlFileIntake.new()
	add_child(_intake)
	_assigner = RlAssigner.new()
	add_child(_assigner)
	_check = RlTrainingCheck.new()
	_check.setup(_state)
	add_child(_check)
	_agents = RlNewAgents.new()
	_agents.setup(self)
	add_child(_agents)
	_help = RlHelpLinks.new()
	add_child(_help)
	_add_docks()
	_wire_train()
	_wire_metrics()
	_wire_export()


## What the editor asks before it closes, beside unsaved scenes. Nothing is lost, but who closes the
## editor while it trains is to know that this goes on.
func _get_unsaved_status(for_scene: String) -> String:
	if for_scene != "" or _state == null:
		return ""
	return _state.closing_text()


func _exit_tree() -> void:
	RlManual.close()
	_widths.clear()
	if _docks != null:
		_docks.remove_all()
	for node: Node in [_help, _agents, _check, _assigner, _intake, _studio]:
		if is_instance_valid(node):
			if node == _studio:
				_studio.shut_down()
			node.queue_free()
	if _inspector != null:
		remove_debugger_plugin(_played)
		remove_inspector_plugin(_inspector)
	remove_export_plugin(_strip)
	remove_import_plugin(_importer)
	_docks = null
	_inspector = null
	_played = null
	_assigner = null
	_agents = null
	_check = null
	_help = null
	_intake = null
	_studio = null
	_state = null
	_strip = null
	_importer = null


func _add_setting() -> void:
	var settings: EditorSettings = EditorInterface.get_editor_settings()
	if not settings.has_setting(RlPythonFinder.SETTING):
		settings.set_setting(RlPythonFinder.SETTING, "")
	settings.set_initial_value(RlPythonFinder.SETTING, "", false)
	(
		settings
		. add_property_info(
			{
				"name": RlPythonFinder.SETTING,
				"type": TYPE_STRING,
				"hint": PROPERTY_HINT_GLOBAL_FILE,
			}
		)
	)


func _add_docks() -> void:
	_docks = RlDocks.new(self)
	_train = TRAIN_DOCK.instantiate()
	_metrics = METRICS_DOCK.instantiate()
	_export = EXPORT_DOCK.instantiate()
	_train.setup(_state)
	_metrics.setup(_state)
	_export.setup(_state)
	for dock: Control in [_train, _metrics, _export]:
		dock.visibility_changed.connect(_on_dock_visibility_changed)
	_docks.add(_train, "Train", "rl_studio_train", &"Play", RlDocks.RlPlace.SIDE)
	_docks.add(_export, "Export", "rl_studio_export", &"MoveDown", RlDocks.RlPlace.SIDE)
	_docks.add(_metrics, "Metrics", "rl_studio_metrics", &"Curve", RlDocks.RlPlace.BOTTOM)
	for dock: Control in [_train, _export]:
		_widths.append(RlDockWidth.new(dock))


func _wire_train() -> void:
	_train.connect_requested.connect(_studio.connect_backend)
	_train.curves_requested.connect(RlDocks.show.bind(_metrics))
	_studio.runs.started.connect(func(_run: RlRunState) -> void: RlDocks.show(_metrics))
	_train.python_chosen.connect(_studio.use_python)
	_train.environment_wanted.connect(_studio.use_environment)
	_train.train_requested.connect(_studio.train)
	_train.train_anyway_requested.connect(_check.prepare.bind(true))
	_train.mend_requested.connect(_check.mend)
	_train.place_requested.connect(_check.open)
	_studio.run_wanted.connect(_check.prepare)
	_check.cleared.connect(_studio.start)
	scene_saved.connect(func(_path: String) -> void: _check.look_soon())
	resource_saved.connect(func(_resource: Resource) -> void: _check.look_soon())
	_train.agent_requested.connect(_agents.ask_for_selected)
	_train.stop_requested.connect(_studio.runs.stop)
	_train.experiment_selected.connect(_studio.experiments.select)
	_train.create_requested.connect(_studio.experiments.create)
	_train.trainer_selected.connect(_studio.experiments.change_trainer)


func _wire_metrics() -> void:
	_metrics.connect_requested.connect(_studio.connect_backend)
	_metrics.shown_runs_changed.connect(_studio.runs.show_runs)


func _wire_export() -> void:
	_export.connect_requested.connect(_studio.connect_backend)
	_export.run_chosen.connect(_studio.choose_export_run)
	_export.refresh_requested.connect(_studio.exports.load_checkpoints)
	_export.export_requested.connect(_studio.exports.start)
	_export.cancel_requested.connect(_studio.exports.cancel)
	_export.show_file_requested.connect(RlFileIntake.show_in_dock)
	_export.assign_requested.connect(_assigner.ask)
	var player: RlStockOffer = RlStockOffer.new()
	_export.add_child(player)
	_export.play_requested.connect(player.play)
	player.settled.connect(_export.show_played)
	_played = RlPlayedGame.new()
	add_debugger_plugin(_played)
	_played.complained.connect(_export.show_complaint)
	_assigner.assigned.connect(_export.show_assigned)
	_studio.exported.connect(_intake.take_in)
	_intake.taken_in.connect(_state.export_state.mark_imported)
	_intake.refused.connect(_state.export_state.mark_imported)


func _on_dock_visibility_changed() -> void:
	var docks: Array[Control] = [_train, _metrics, _export]
	var is_seen: Callable = func(dock: Control) -> bool: return dock.is_visible_in_tree()
	_studio.set_watching(docks.any(is_seen))
