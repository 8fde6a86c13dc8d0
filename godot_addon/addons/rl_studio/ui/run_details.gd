@tool
extends VBoxContainer
## What there is to say of a run beside its progress: its policies, its last word, its warnings, and
## where its time goes.

signal log_requested

const RlHintLine := preload("hint_line.gd")
const RlLook := preload("look.gd")
const RlPolicyTable := preload("policy_table.gd")
const RlRunState := preload("../core/run_state.gd")
const RlTimeShares := preload("time_shares.gd")
const RlWarningList := preload("warning_list.gd")

@onready var _policies: RlPolicyTable = %Policies
@onready var _message: Label = %Message
@onready var _warnings: RlWarningList = %Warnings
@onready var _restart: Control = %Restart
@onready var _restart_hint: RlHintLine = %RestartHint
@onready var _show_log: Button = %ShowLog
@onready var _shares: RlTimeShares = %Shares


func _ready() -> void:
	_show_log.pressed.connect(func() -> void: log_requested.emit())
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Draws [param run]; null hides the details.
func show_run(run: RlRunState) -> void:
	visible = run != null
	if run == null:
		return
	_policies.visible = run.has_several_policies()
	_policies.show_results(run.policies)
	_message.text = run.message
	var is_news: bool = run.message != "" and not run.is_message_told
	_message.visible = is_news and run.state != "failed"
	_warnings.show_warnings(run.warnings)
	_restart.visible = run.restarts > 0
	_restart_hint.show_hint(run.restart_summary, run.restart_message)
	_shares.show_shares(run.bottleneck)


func _apply_theme() -> void:
	if not RlLook.is_edited(self):
		_show_log.icon = RlLook.icon(self, &"Terminal")
