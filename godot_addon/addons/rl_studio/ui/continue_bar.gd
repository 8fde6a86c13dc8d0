@tool
extends VBoxContainer
## What the next run begins with: nothing, a run that goes on, or the policy of one. Draws
## StudioState.

signal mode_chosen(mode: RlContinuation.RlMode)
signal run_chosen(run: RlRunState)
signal checkpoint_chosen(which: Variant)

const RlContinuation := preload("../core/continuation.gd")
const RlFormat := preload("../core/format.gd")
const RlHintLine := preload("hint_line.gd")
const RlLook := preload("look.gd")
const RlPolicyResults := preload("../core/policy_results.gd")
const RlRead := preload("../core/read.gd")
const RlRunState := preload("../core/run_state.gd")
const RlRunTitles := preload("../core/run_titles.gd")
const RlStudioState := preload("../core/studio_state.gd")

const MODES: PackedStringArray = ["Nothing", "A run, resumed", "A run's policy"]
const TIPS: PackedStringArray = [
	"A new policy, with the settings below.",
	"Go on where a run was, with its settings, its optimizer and its counters.",
	"Begin with what a run has learned, with the settings below. Steps count from 0.",
]
const NO_RUN: String = "No run has a checkpoint that this could begin with."

var _runs: Array[RlRunState] = []
## What the items of the list of checkpoints stand for.
var _choices: Array = []

@onready var _mode_name: Label = %ModeName
@onready var _mode: OptionButton = %Mode
@onready var _run: OptionButton = %Run
@onready var _checkpoint: OptionButton = %Checkpoint
@onready var _run_name: Label = %RunName
@onready var _checkpoint_name: Label = %CheckpointName
@onready var _note: RlHintLine = %Note


func _ready() -> void:
	_mode_name.custom_minimum_size.x = RlLook.px(RlLook.NAME_WIDTH)
	for index: int in MODES.size():
		_mode.add_item(MODES[index])
		_mode.set_item_tooltip(index, TIPS[index])
	_mode.item_selected.connect(
		func(index: int) -> void: mode_chosen.emit(index as RlContinuation.RlMode)
	)
	_run.item_selected.connect(func(index: int) -> void: run_chosen.emit(_runs[index]))
	_checkpoint.item_selected.connect(
		func(index: int) -> void: checkpoint_chosen.emit(_choices[index])
	)


## Draws the beginning of [param state].
func show_state(state: RlStudioState) -> void:
	var beginning: RlContinuation = state.continuation
	var is_new: bool = beginning.mode == RlContinuation.RlMode.NOTHING
	visible = state.experiment != "" and (not state.runs.is_empty() or not is_new)
	if not visible:
		return
	_mode.select(beginning.mode)
	_mode.tooltip_text = TIPS[beginning.mode]
	for index: int in range(1, MODES.size()):
		var is_possible: bool = not state.beginnings(index as RlContinuation.RlMode).is_empty()
		_mode.set_item_disabled(index, not is_possible)
		_mode.set_item_tooltip(index, TIPS[index] if is_possible else NO_RUN)
	for control: Control in [_run, _run_name, _checkpoint, _checkpoint_name]:
		control.visible = not is_new
	_note.show_hint(beginning.note())
	if not is_new:
		_show_runs(state)
		_show_checkpoints(beginning)


func _show_runs(state: RlStudioState) -> void:
	var runs: Array[RlRunState] = state.beginnings(state.continuation.mode)
	var index_of_chosen: int = _run.selected
	if runs == _runs and index_of_chosen >= 0:
		if runs[index_of_chosen].id == state.continuation.run_id:
			return  # the list may be open
	_runs = runs
	_run.clear()
	for run: RlRunState in _runs:
		_run.add_item(RlRunTitles.title(run, state.runs))
		_run.set_item_tooltip(
			_run.item_count - 1, "%s\n%s steps" % [run.about(), RlFormat.count(run.timesteps)]
		)
		if run.id == state.continuation.run_id:
			_run.select(_run.item_count - 1)
			_run.tooltip_text = _run.get_item_tooltip(_run.item_count - 1)


func _show_checkpoints(beginning: RlContinuation) -> void:
	_checkpoint.clear()
	_choices.clear()
	_checkpoint.disabled = beginning.checkpoints.is_empty()
	if _checkpoint.disabled:
		return
	_add_choice("Latest", beginning.checkpoints[0], RlContinuation.LATEST)
	for checkpoint: Dictionary in beginning.checkpoints:
		if RlRead.flag(checkpoint, "best"):
			_add_choice("Best", checkpoint, RlContinuation.BEST)
	for checkpoint: Dictionary in beginning.checkpoints:
		_add_choice("", checkpoint, RlRead.integer(checkpoint, "timesteps"))
	var chosen: int = 0
	for index: int in _choices.size():
		if typeof(_choices[index]) == typeof(beginning.which):
			chosen = index if _choices[index] == beginning.which else chosen
	_checkpoint.select(chosen)


func _add_choice(name_of_it: String, checkpoint: Dictionary, which: Variant) -> void:
	var text: String = "%s steps" % RlFormat.count(RlRead.number(checkpoint, "timesteps"))
	if name_of_it != "":
		text = "%s, %s" % [name_of_it, text]
	_checkpoint.add_item(text)
	var reward: float = RlRead.number(checkpoint, "episode_reward_mean")
	var evaluated: float = RlRead.number(checkpoint, "evaluation_reward")
	var tip: String = "Reward %s" % RlFormat.value(reward)
	var results: Dictionary = RlRead.dict(checkpoint, "results")
	if is_nan(reward) and results.size() > 1:
		tip = RlPolicyResults.one_line(results)
	if not is_nan(evaluated):
		tip += ", evaluated %s" % RlFormat.value(evaluated)
	_checkpoint.set_item_tooltip(_checkpoint.item_count - 1, tip)
	_choices.append(which)
