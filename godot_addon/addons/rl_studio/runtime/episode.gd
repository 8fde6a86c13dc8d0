extends RefCounted
## What one agent collected in one episode. Frozen as soon as the episode is over.

const RlObservation := preload("observation.gd")

## Sum of all rewards of the episode.
var total_reward: float = 0.0
## Number of decisions, the one in which the episode ended included.
var length: int = 0
## Values given to [method RLAgent.log_metric]; the last one of each name counts.
var metrics: Dictionary[String, float] = {}
var is_over: bool = false
## True if the episode was cut off (time limit) rather than decided.
var truncated: bool = false
## What the agent saw when the episode ended, as returned by `_get_observation`. Null before.
var terminal_observation: Variant = null

## Reward of the windows that were closed and not yet reported.
var _closed_reward: float = 0.0
## Reward since the last window was closed.
var _open_reward: float = 0.0


func add_reward(amount: float) -> void:
	if is_over:
		return
	total_reward += amount
	_open_reward += amount


## Returns whether it counts.
func log_metric(metric: StringName, value: float) -> bool:
	if is_over:
		return false
	if is_finite(value):
		metrics[String(metric)] = value
	else:
		push_warning("RL Studio: the metric %s was %s and is left out." % [metric, value])
	return true


func finish(was_truncated: bool, observation: Variant) -> void:
	is_over = true
	truncated = was_truncated
	terminal_observation = RlObservation.freeze(observation)


## Counts a decision. What comes after it belongs to the next one.
func close_window() -> void:
	length += 1
	_closed_reward += _open_reward
	_open_reward = 0.0


## Returns the reward of the windows closed since the last call.
func take_reward() -> float:
	var reward: float = _closed_reward
	_closed_reward = 0.0
	return reward


## True, false, or null if the game never logged the metric `is_success` in this episode.
func get_success() -> Variant:
	if not metrics.has("is_success"):
		return null
	return metrics["is_success"] > 0.5
