extends RefCounted
## What the [RLSync]s of a running game say. The first one in the tree counts; what it said goes on
## when it leaves, until another one comes.

var mode: RLSync.Mode = RLSync.Mode.AUTO
## Plays all agents without a policy of their own. Can be null.
var policy: RLPolicy = null
## Ticks from one decision to the next, if no trainer sets another number.
var action_repeat: int = 8
var may_spread: bool = true
var port: int = 0
## By policy, its number of rows where the game says so.
var row_limits: Dictionary[String, int] = {}

var _syncs: Array[RLSync] = []
## Second RLSyncs that were reported.
var _reported: Dictionary[String, bool] = {}


## An RLSync has come into the tree.
func join(sync: RLSync) -> void:
	_syncs.append(sync)
	heed(sync)
	var path: String = str(sync.get_path())
	if _syncs[0] != sync and not _reported.has(path):
		_reported[path] = true
		push_error("RL Studio: %s is a second RLSync; only the first one works." % path)


## An RLSync leaves the tree. Returns whether there is another one.
func leave(sync: RLSync) -> bool:
	_syncs.erase(sync)
	if _syncs.is_empty():
		return false
	heed(_syncs[0])
	return true


## Takes over what [param sync] says, if it is the one that counts.
func heed(sync: RLSync) -> void:
	if _syncs.is_empty() or _syncs[0] != sync:
		return
	mode = sync.mode
	policy = sync.policy
	action_repeat = sync.action_repeat
	may_spread = sync.spread_decisions
	row_limits = sync.agent_rows
	port = sync.port


## Whether decisions wait because the game is paused.
func are_paused(tree: SceneTree) -> bool:
	return tree.paused and (_syncs.is_empty() or not _syncs[0].can_process())


## Returns the mode of agents that have none of their own. [param is_launched]: by a trainer.
func get_inherited_mode(is_launched: bool) -> RLAgent.Mode:
	match mode:
		RLSync.Mode.HUMAN:
			return RLAgent.Mode.HUMAN
		RLSync.Mode.TRAINING:
			return RLAgent.Mode.TRAINING
		RLSync.Mode.POLICY:
			return RLAgent.Mode.POLICY
	return RLAgent.Mode.TRAINING if is_launched else RLAgent.Mode.INHERIT
