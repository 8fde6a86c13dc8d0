@tool
extends RefCounted
## What the metrics of a sample are called, and how their values are written.

const RlFormat := preload("format.gd")

## Charts that are shown when the user has not chosen any.
const DEFAULT_KEYS: PackedStringArray = ["episode_reward_mean", "episode_len_mean", "success_rate"]
## Metrics of the sample itself; those of its sub-dictionaries are "learner/loss" and so on.
const MAIN: Dictionary[String, String] = {
	"episode_reward_mean": "Episode reward",
	"episode_len_mean": "Episode length",
	"success_rate": "Success rate",
	"throughput/timesteps_per_second": "Steps per second",
	"throughput/game_share": "Time in the game",
	"throughput/wire_share": "Time in transfer",
	"throughput/policy_share": "Time for decisions",
	"throughput/update_share": "Time for learning",
	"throughput/other_share": "Time elsewhere",
	"learner/policy_loss": "Policy loss",
	"learner/value_loss": "Value loss",
	"learner/entropy": "Entropy",
	"learner/approx_kl": "KL divergence",
	"learner/clip_fraction": "Clip fraction",
	"learner/explained_variance": "Explained variance",
	"learner/learning_rate": "Learning rate",
	"learner/loss": "Loss",
	"learner/std": "Action noise (std)",
}
const HIDDEN: PackedStringArray = [
	"episode_reward_min",
	"episode_reward_max",
	"training_iteration",
	"timesteps_total",
	"env_steps_total",
	"seq",
	"episodes_total",
	"time_total_s"
]

## What values of one policy or of an evaluation are called where they are those of the whole run.
const _WHOLE: Dictionary[String, String] = {
	"reward_mean": "episode_reward_mean",
	"reward_min": "episode_reward_min",
	"reward_max": "episode_reward_max",
	"episodes": "episodes_total",
}


## The metric that is the lower edge of the band around that of [param key]; "" if it has none.
static func low_edge(key: String) -> String:
	return key.trim_suffix("_mean") + "_min" if key.ends_with("reward_mean") else ""


## The metric that is the upper edge, see [method low_edge].
static func high_edge(key: String) -> String:
	return key.trim_suffix("_mean") + "_max" if key.ends_with("reward_mean") else ""


## What stands above the chart of [param key].
static func title(key: String) -> String:
	if MAIN.has(key):
		return MAIN[key]
	return key.get_slice("/", key.get_slice_count("/") - 1).capitalize()


## The title with the group the metric is from, for lists.
static func long_title(key: String) -> String:
	return title(key) if "/" not in key or MAIN.has(key) else "%s (%s)" % [title(key), key]


## [param value] as the chart of [param key] writes it.
static func write(key: String, value: float) -> String:
	return RlFormat.percent(value) if is_share(key) else RlFormat.value(value)


## Whether the metric is a share of one.
static func is_share(key: String) -> bool:
	return key.ends_with("success_rate") or key.ends_with("_share")


## Values of one policy or of an evaluation under the keys of the whole run.
static func of_whole_run(values: Dictionary[String, float]) -> Dictionary[String, float]:
	var renamed: Dictionary[String, float] = {}
	for key: String in values:
		renamed[_WHOLE.get(key, key)] = values[key]
	return renamed


## The numbers of a sample by metric key, with those in sub-dictionaries as "folder/name".
static func flatten(sample: Dictionary, prefix: String = "") -> Dictionary[String, float]:
	var flat: Dictionary[String, float] = {}
	for key: Variant in sample:
		var name: String = prefix + str(key)
		var value: Variant = sample[key]
		if value is Dictionary:
			var inner: Dictionary = value
			flat.merge(flatten(inner, name + "/"))
		elif value is int or value is float:
			var number: float = value
			flat[name] = number
	return flat
