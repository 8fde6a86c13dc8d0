extends RefCounted
## Times how long the game cannot go on with decisions, because it is paused or has no agents, and
## finds the words for it. Only a long wait is a fault: games pause for a moment, and load levels.

## What holds the game up, as a code on the wire.
const PAUSED: String = "paused"
const NO_AGENTS: String = "no_agents"

## The trainer and its user are told after so much time on the clock, and again every so often.
const TELL_AFTER_MSEC: int = 1000
## A wait is a fault after so much time on the clock and as much time of the game as well.
const LONGEST_MSEC: Dictionary[String, int] = {PAUSED: 3000, NO_AGENTS: 10_000}
const LONGEST_GAME_S: Dictionary[String, float] = {PAUSED: 60.0, NO_AGENTS: 600.0}

## What holds the game up now; "" if nothing does.
var reason: String = ""
## It has lasted too long.
var is_fault: bool = false

var _began_msec: int = 0
var _game_s: float = 0.0
var _next_word_msec: int = 0


## The game is held up for another [param delta] seconds of its time. Returns whether it is worth a
## word now.
func hold(new_reason: String, delta: float) -> bool:
	var now: int = Time.get_ticks_msec()
	if reason != new_reason:
		reason = new_reason
		_began_msec = now
		_game_s = 0.0
		_next_word_msec = now + TELL_AFTER_MSEC
	_game_s += delta
	is_fault = (now - _began_msec > LONGEST_MSEC[reason] and _game_s > LONGEST_GAME_S[reason])
	if now < _next_word_msec:
		return false
	_next_word_msec = now + TELL_AFTER_MSEC
	return true


## The game goes on. Returns whether a word had been said about the wait.
func go_on() -> bool:
	var was_told: bool = (
		not reason.is_empty() and Time.get_ticks_msec() - _began_msec > TELL_AFTER_MSEC
	)
	reason = ""
	is_fault = false
	return was_told


## Describes the wait. [param tree] is the game's; [param missing] are policies without an agent;
## [param others]: there are agents, but none to be trained.
func describe(tree: SceneTree, missing: PackedStringArray, others: int) -> String:
	var time: String = (
		"for %.0f s (%.0f s of the game's time)"
		% [(Time.get_ticks_msec() - _began_msec) / 1000.0, _game_s]
	)
	if reason == PAUSED:
		return (
			(
				"the game has been paused %s: get_tree().paused is true and nothing unpauses it. Set"
				+ " it to false in _begin_episode; or set the process_mode of the RLSync to Always,"
				+ " if agents shall decide while the game is paused"
			)
			% time
		)
	var scene: String = "no scene"
	if tree.current_scene != null:
		scene = tree.current_scene.scene_file_path
	if not missing.is_empty():
		return (
			'no agent of the policy "%s" has come %s; the RLSync names it in agent_rows. Scene: %s'
			% [missing[0], time, scene]
		)
	if others > 0:
		return (
			(
				"none of the %d agents is to be trained %s: the mode of the RLSync or of the agents"
				+ " is Human or Policy. Set them to Auto and Inherit. Scene: %s"
			)
			% [others, time, scene]
		)
	return (
		(
			"there has been no agent in the game %s. Scene: %s. Training goes on when one comes;"
			+ " add an RLAgent below each body that shall learn"
		)
		% [time, scene]
	)
