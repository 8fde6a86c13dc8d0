@tool
extends RefCounted
## One training run as the backend tells it: its RunInfo, its curves, the end of its log.

const RlBottleneck := preload("bottleneck.gd")
const RlCurves := preload("curves.gd")
const RlFormat := preload("format.gd")
const RlLogFilter := preload("log_filter.gd")
const RlPolicyResults := preload("policy_results.gd")
const RlProblem := preload("problem.gd")
const RlRead := preload("read.gd")
const RlSceneText := preload("../checks/scene_text.gd")

const LOG_LIMIT: int = 200_000
## Why a run ended, in words, by the backend's reason.
const ENDS: Dictionary[String, String] = {
	"timesteps": "all steps done",
	"time_limit": "time is up",
	"iterations": "all iterations done",
	"episodes": "all episodes done",
	"reward": "reached the reward",
	"success_rate": "reached the success rate",
	"plateau": "no more progress",
	"stop_file": "stop file found",
	"interrupted": "stopped by hand",
	"killed": "killed",
	"error": "failed",
	"crashed": "crashed",
	"not_started": "did not start",
	"unreadable": "run.json is wrong",
}

var id: String = ""
var experiment: String = ""
var trainer: String = ""
var scene: String = ""
## "starting", "running", "stopping", "finished", "stopped" or "failed".
var state: String = ""
## Why it ended, a word of the backend's: "timesteps", "reward", "crashed" and so on.
var reason: String = ""
## The run whose checkpoint this one went on from or took its policies from; "" if there is none.
var parent: String = ""
## Name of that checkpoint.
var parent_checkpoint: String = ""
## Whether this run goes on where its parent was, with its counters.
var is_resumed: bool = false
var started: float = 0.0
var duration_s: float = 0.0
var timesteps: int = 0
var timesteps_target: int = 0
var episodes: int = 0
## NAN until the first episode has ended, and if several policies are judged, each for itself.
var reward: float = NAN
## NAN if the game does not log it, and likewise.
var success_rate: float = NAN
## How each policy does, see PolicyResults.
var policies: Dictionary = {}
## What was odd, each once, with how often it was told.
var warnings: PackedStringArray = []
## Whether [member message] is one of them, or that of the last restart.
var is_message_told: bool = false
var steps_per_second: float = NAN
var checkpoint_count: int = 0
var message: String = ""
## How often a game of this run died and was started again.
var restarts: int = 0
## The last time one was, in a sentence; "" if none was.
var restart_summary: String = ""
## Why, with the last lines of that game.
var restart_message: String = ""
## Null unless the run failed.
var problem: RlProblem
## Where the wall time goes.
var bottleneck: RlBottleneck = RlBottleneck.new()
var curves: RlCurves = RlCurves.new()
## Sequence number of the newest sample in [member curves].
var last_seq: int = 0
## The end of the run's output, made readable.
var log_text: String = ""
## Offset in the log file up to which it was read, in bytes.
var log_end: int = 0

var _filter: RlLogFilter = RlLogFilter.new()
var _told_at_ms: int = 0


## Takes over what a RunInfo says.
func update(info: Dictionary) -> void:
	id = RlRead.text(info, "id")
	experiment = RlRead.text(info, "experiment")
	trainer = RlRead.text(info, "trainer")
	scene = RlRead.text(info, "scene")
	state = RlRead.text(info, "state")
	reason = RlRead.text(info, "reason")
	is_resumed = not RlRead.dict(info, "resumed_from").is_empty()
	var origin: Dictionary = RlRead.dict(info, "resumed_from" if is_resumed else "initialised_from")
	parent = RlRead.text(origin, "run")
	parent_checkpoint = RlRead.text(origin, "checkpoint")
	started = RlRead.number(info, "started", 0.0)
	duration_s = RlRead.number(info, "duration_s", 0.0)
	timesteps = RlRead.integer(info, "timesteps")
	timesteps_target = RlRead.integer(info, "timesteps_target")
	episodes = RlRead.integer(info, "episodes")
	reward = RlRead.number(info, "episode_reward_mean")
	success_rate = RlRead.number(info, "success_rate")
	policies = RlRead.dict(info, "policies")
	steps_per_second = RlRead.number(info, "timesteps_per_second")
	checkpoint_count = RlRead.integer(info, "checkpoints")
	message = RlRead.text(info, "message")
	var former_restarts: int = restarts
	restarts = RlRead.integer(info, "restarts")
	if state == "failed" or restarts > former_restarts:
		bottleneck.forget_advice()
	var restart: Dictionary = RlRead.dict(info, "last_restart")
	restart_summary = RlRead.text(restart, "summary")
	restart_message = RlRead.text(restart, "message")
	is_message_told = message != "" and message == restart_summary
	warnings = _read_warnings(info)
	problem = _read_problem(RlRead.dict(info, "error"))
	_told_at_ms = Time.get_ticks_msec()


## Adds samples, oldest first; those that are known already are passed over.
func add_samples(samples: Array[Dictionary]) -> void:
	for sample: Dictionary in samples:
		var seq: int = RlRead.integer(sample, "seq")
		if seq <= last_seq:
			continue
		last_seq = seq
		bottleneck.add(RlRead.dict(sample, "throughput"))
		curves.add(sample)


## Adds output from byte [param start] to byte [param end] of the log. What is known is passed over.
func add_log(start: int, end: int, text: String) -> void:
	if end <= log_end:
		return
	if start < log_end:
		text = text.to_utf8_buffer().slice(log_end - start).get_string_from_utf8()
	log_text += _filter.feed(text)
	log_end = end
	if log_text.length() > LOG_LIMIT:
		log_text = log_text.right(LOG_LIMIT >> 1)
		log_text = log_text.substr(log_text.find("\n") + 1)


## Whether the run is going on.
func is_active() -> bool:
	return state in ["starting", "running", "stopping"]


## Whether the run has come as far as training: nothing was found that it could not begin with.
func has_begun() -> bool:
	return state in ["running", "finished", "stopped"]


## Whether each policy has figures of its own, and the run has none.
func has_several_policies() -> bool:
	return policies.size() > 1


## Reward and success in words, of each policy if there are several.
func figures_text() -> String:
	if has_several_policies():
		return RlPolicyResults.one_line(policies)
	return "reward %s" % RlFormat.value(reward)


## Share of the steps that are done, 0 to 1.
func progress() -> float:
	if timesteps_target <= 0:
		return 0.0
	return clampf(float(timesteps) / timesteps_target, 0.0, 1.0)


## Seconds since the start, going on between two messages.
func elapsed() -> float:
	if not is_active():
		return duration_s
	return duration_s + (Time.get_ticks_msec() - _told_at_ms) / 1000.0


## Seconds that are left at the present speed; NAN if that cannot be said.
func remaining() -> float:
	if state != "running" or is_nan(steps_per_second) or steps_per_second <= 0.0:
		return NAN
	return maxf(timesteps_target - timesteps, 0.0) / steps_per_second


## The state in a word or two.
func state_text() -> String:
	return "Stopping…" if state == "stopping" else state.capitalize()


## Why the run ended, in words; "" while it goes on.
func end_text() -> String:
	if is_active():
		return ""
	if reason in ["reward", "success_rate"] and message.begins_with("Reached"):
		return message.get_slice(":", 0).replace("Reached", "reached")
	return ENDS.get(reason, reason.replace("_", " "))


## Where the run began, in words, with [param parent_title] for the run it went on from; "" if it
## began with nothing.
func origin_text(parent_title: String) -> String:
	if parent == "":
		return ""
	var steps: String = RlFormat.count(parent_checkpoint.trim_prefix("step_").to_int())
	var form: String = "resumed from %s at %s steps" if is_resumed else "policy of %s at %s steps"
	return form % [parent_title, steps]


## A name for lists: the experiment and when it began; the day, too, if that is not today.
func title() -> String:
	var zone: Dictionary = Time.get_time_zone_from_system()
	var offset_s: int = RlRead.integer(zone, "bias") * 60
	var local: String = Time.get_datetime_string_from_unix_time(floori(started) + offset_s)
	var day: String = local.get_slice("T", 0)
	if day == Time.get_date_string_from_system():
		return "%s %s" % [experiment, local.get_slice("T", 1)]
	return "%s %s %s" % [experiment, day.substr(5), local.get_slice("T", 1).left(5)]


## The name of its scene; "" if that is not known.
func scene_name() -> String:
	return RlSceneText.resolve(scene, scene).get_file().get_basename()


## What tells it from others: its id, scene and trainer.
func about() -> String:
	var lines: PackedStringArray = [id]
	if scene != "":
		lines.append(RlSceneText.resolve(scene, scene))
	lines.append("trainer %s" % trainer)
	return "\n".join(lines)


func _read_warnings(info: Dictionary) -> PackedStringArray:
	var found: PackedStringArray = []
	for warning: Dictionary in RlRead.dicts(info, "warnings"):
		is_message_told = (
			is_message_told or message == "Warning: %s" % RlRead.text(warning, "message")
		)
		var count: int = RlRead.integer(warning, "count", 1)
		var times: String = " (%d times)" % count if count > 1 else ""
		found.append(RlRead.text(warning, "message") + times)
	return found


func _read_problem(error: Dictionary) -> RlProblem:
	if error.is_empty():
		return null
	return RlProblem.new(
		RlRead.text(error, "message"), RlRead.text(error, "hint"), RlRead.texts(error, "log_tail")
	)
