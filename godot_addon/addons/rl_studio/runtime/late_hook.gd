extends Node
## Calls back at the very end of every physics tick, after all other nodes' `_physics_process`.
##
## [RLSync] itself runs first in a tick; this child of it runs last. Episodes begin here, so that
## the physics server has moved everything before the first observation of an episode is taken.

const LAST_PRIORITY: int = 1 << 30

var _callback: Callable


func _init(callback: Callable = Callable()) -> void:
	_callback = callback
	name = "RLSyncLateHook"
	process_physics_priority = LAST_PRIORITY


func _physics_process(_delta: float) -> void:
	_callback.call()
