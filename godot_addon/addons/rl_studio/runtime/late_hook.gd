extends Node
## Calls back at the very end of a physics tick, after all other nodes' `_physics_process`.
##
## [RLSync] itself runs first in a tick; this child of it runs last. Episodes begin here, so that
## the physics server has moved everything before the first observation of an episode is taken.

const LAST_PRIORITY: int = 1 << 30

## Set it to be called back at the end of the tick that is going on.
var is_due: bool = false

var _callback: Callable


func _init(callback: Callable = Callable()) -> void:
	_callback = callback
	name = "RLSyncLateHook"
	process_physics_priority = LAST_PRIORITY


func _physics_process(_delta: float) -> void:
	if is_due:
		is_due = false
		_callback.call()
