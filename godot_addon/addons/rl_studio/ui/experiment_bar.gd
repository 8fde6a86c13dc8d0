@tool
extends GridContainer
## Which experiment is open, which scene and which trainer it has.

signal experiment_selected(experiment: String)
signal create_requested(experiment: String)
signal trainer_selected(trainer: String)
signal scene_chosen(path: String)
signal preset_chosen(index: int)

const RlContinuation := preload("../core/continuation.gd")
const RlLook := preload("look.gd")
const RlNameDialog := preload("name_dialog.gd")
const RlPresetPicker := preload("preset_picker.gd")
const RlRead := preload("../core/read.gd")
const RlScenePicker := preload("scene_picker.gd")
const RlStudioState := preload("../core/studio_state.gd")

var _state: RlStudioState
var _dialog: RlNameDialog

@onready var _experiment_name: Label = %ExperimentName
@onready var _experiment: OptionButton = %Experiment
@onready var _scene: RlScenePicker = %Scene
@onready var _scene_name: Label = %SceneName
@onready var _trainer: OptionButton = %Trainer
@onready var _trainer_name: Label = %TrainerName
@onready var _preset: RlPresetPicker = %Preset
@onready var _preset_name: Label = %PresetName


func _ready() -> void:
	_experiment_name.custom_minimum_size.x = RlLook.px(RlLook.NAME_WIDTH)
	_experiment.item_selected.connect(_on_experiment_item_selected)
	_trainer.item_selected.connect(_on_trainer_item_selected)
	_scene.scene_chosen.connect(func(path: String) -> void: scene_chosen.emit(path))
	_preset.preset_chosen.connect(func(index: int) -> void: preset_chosen.emit(index))


## Draws the experiments of [param state].
func show_state(state: RlStudioState) -> void:
	_state = state
	visible = state.experiment != ""
	_experiment.clear()
	for experiment: String in state.experiments:
		_experiment.add_item(experiment)
	_experiment.add_separator()
	_experiment.add_item("New experiment…")
	_experiment.select(state.experiments.find(state.experiment))
	_trainer.clear()
	for info: Dictionary in state.trainers:
		_add_trainer(info)
		if RlRead.text(info, "name") == state.trainer:
			_trainer.select(_trainer.item_count - 1)
			_trainer.tooltip_text = _trainer.get_item_tooltip(_trainer.item_count - 1)
	_show_rows()
	show_scene()
	show_preset()


## Draws the scene anew; the form it is part of has changed.
func show_scene() -> void:
	var path: Variant = _state.form.value("scene")
	_scene.show_scene(str(path) if path is String else "")


## Draws the preset anew; the form has the values of another one, or of none.
func show_preset() -> void:
	_preset.show_choice(_state.presets)
	_show_rows()


## A run that goes on has its own trainer, scene and values.
func _show_rows() -> void:
	var is_resuming: bool = _state.continuation.mode == RlContinuation.RlMode.RESUME
	_trainer.visible = _state.trainers.size() > 1 and not is_resuming
	_trainer_name.visible = _trainer.visible
	_scene.visible = not is_resuming
	_scene_name.visible = _scene.visible
	_preset.visible = _state.presets.has_choice() and not is_resuming
	_preset_name.visible = _preset.visible


func _add_trainer(info: Dictionary) -> void:
	var title: String = RlRead.text(info, "title")
	var tip: String = title
	if not RlRead.flag(info, "available", true):
		tip = "%s\n%s" % [RlRead.text(info, "problem"), RlRead.text(info, "hint")]
		title += " (unavailable)"
	_trainer.add_item(title)
	_trainer.set_item_tooltip(_trainer.item_count - 1, tip.strip_edges())


func _ask_for_name() -> void:
	if _dialog == null:
		_dialog = RlNameDialog.new()
		_dialog.name_entered.connect(func(text: String) -> void: create_requested.emit(text))
		add_child(_dialog)
	_dialog.ask(_state.experiments)


func _on_experiment_item_selected(index: int) -> void:
	if index < _state.experiments.size():
		experiment_selected.emit(_state.experiments[index])
		return
	_experiment.select(_state.experiments.find(_state.experiment))
	_ask_for_name()


func _on_trainer_item_selected(index: int) -> void:
	trainer_selected.emit(RlRead.text(_state.trainers[index], "name"))
