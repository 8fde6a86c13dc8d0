@tool
extends VBoxContainer
## How a run goes, in few lines: its state, its progress and the two numbers that count. What else
## there is to say stands in the run's details.

const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlRunState := preload("../core/run_state.gd")

var _run: RlRunState
var _is_brief: bool = false

@onready var _title: Label = %Title
@onready var _state: Label = %State
@onready var _progress: ProgressBar = %Progress
@onready var _facts: Control = %Facts
@onready var _steps: Label = %Steps
@onready var _speed: Label = %Speed
@onready var _time: Label = %Time
@onready var _reward: Label = %Reward
@onready var _success: Label = %Success
@onready var _reward_name: Label = %RewardName
@onready var _success_name: Label = %SuccessName
@onready var _numbers: Control = %Numbers
@onready var _origin: Label = %Origin
@onready var _clock: Timer = %Clock


func _ready() -> void:
	_clock.timeout.connect(_render_times)
	_apply_theme()
	_render()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Draws [param run], which began as [param origin] says; null hides the panel.
func show_run(run: RlRunState, origin: String) -> void:
	_run = run
	_origin.text = origin.left(1).to_upper() + origin.substr(1)
	_origin.tooltip_text = _origin.text
	if is_node_ready():
		_render()


## Takes one line only, for docks of little height.
func set_brief(is_brief: bool) -> void:
	if is_brief != _is_brief:
		_is_brief = is_brief
		_render()


func _render() -> void:
	visible = _run != null
	if _run == null:
		_clock.stop()
		return
	if _clock.is_stopped() and _run.is_active():
		_clock.start()
	_title.text = _run.title()
	_title.tooltip_text = "Run %s\nScene %s" % [_run.id, _run.scene]
	_state.text = _run.state_text()
	if _is_brief:
		_state.text += " %s" % RlFormat.percent(_run.progress())
	_progress.value = _run.progress() * 100.0
	_steps.text = (
		"%s / %s steps" % [RlFormat.count(_run.timesteps), RlFormat.count(_run.timesteps_target)]
	)
	_speed.text = ""
	if not is_nan(_run.steps_per_second):
		_speed.text = "%s steps/s" % RlFormat.count(_run.steps_per_second)
	_reward.text = RlFormat.value(_run.reward)
	_success.text = RlFormat.percent(_run.success_rate)
	_progress.visible = not _is_brief
	_origin.visible = _origin.text != "" and not _is_brief
	_facts.visible = not _is_brief
	_numbers.visible = not _is_brief and not _run.has_several_policies()
	_render_times()
	_render_state()


func _render_times() -> void:
	if _run == null or not _run.is_active():
		_clock.stop()
	if _run == null:
		return
	var left: float = _run.remaining()
	_time.text = RlFormat.duration(_run.elapsed())
	_time.text += " elapsed" if is_nan(left) else " · %s left" % RlFormat.duration(left)


func _render_state() -> void:
	var state_color: Color = RlLook.faded(self)
	if _run.state == "failed":
		state_color = RlLook.color(self, &"error_color")
	elif _run.state == "finished":
		state_color = RlLook.color(self, &"success_color")
	elif _run.is_active():
		state_color = RlLook.color(self, &"accent_color")
	_state.add_theme_color_override(&"font_color", RlLook.seen(self, state_color))


func _apply_theme() -> void:
	if RlLook.is_edited(self):
		return
	RlLook.emphasize(_title)
	RlLook.emphasize(_reward, 1.6)
	RlLook.emphasize(_success, 1.6)
	for label: Label in [_steps, _speed, _time, _origin, _reward_name, _success_name]:
		RlLook.dim(label)
	if _run != null:
		_render_state()
