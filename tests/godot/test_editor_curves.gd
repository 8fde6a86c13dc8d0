extends "test_case.gd"
## The curves of a run: by policy, of its evaluations, over other axes; and how runs begin and end
## in words.

const RlAxis := preload("res://addons/rl_studio/core/axis.gd")
const RlCurves := preload("res://addons/rl_studio/core/curves.gd")
const RlRunState := preload("res://addons/rl_studio/core/run_state.gd")
const RlSeries := preload("res://addons/rl_studio/core/series.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")

const REWARD: String = "episode_reward_mean"


func test_each_policy_has_curves_under_the_keys_of_the_run() -> void:
	var curves: RlCurves = _curves()
	expect_eq(curves.policies(), PackedStringArray(["cat", "dog/2"]))
	expect_near(curves.of_policy("dog/2", REWARD).last(), -3.0)
	expect_near(curves.of_policy("cat", "episode_reward_max").last(), 30.0)
	expect_near(curves.of_policy("cat", "learner/loss").last(), 0.25)
	expect_null(curves.of_policy("bird", REWARD))
	expect_near(curves.series[REWARD].last(), 3.0)
	expect_true("learner/loss" in curves.keys(), "a key that only policies have")
	expect_false(curves.keys().has("policies/cat/reward_mean"))


func test_an_evaluation_is_one_point_however_often_it_is_told() -> void:
	var curves: RlCurves = _curves()
	var points: PackedVector2Array = curves.of_evaluations(REWARD).points
	expect_eq(points, PackedVector2Array([Vector2(100, 7), Vector2(300, 8)]))
	expect_eq(curves.of_evaluations("success_rate").points.size(), 1)
	expect_null(curves.of_evaluations("learner/loss"))


func test_a_run_of_opposed_policies_has_curves_of_these_only() -> void:
	var curves: RlCurves = RlCurves.new()
	var figures: Dictionary = {"cat": {"reward_mean": 2.0}, "dog": {"reward_mean": -2.0}}
	var evaluation: Dictionary = {"timesteps_total": 50, "reward_mean": null, "policies": figures}
	var sample: Dictionary = {"timesteps_total": 100, REWARD: null, "policies": figures}
	curves.add(sample.merged({"evaluation": evaluation}))
	expect_false(curves.series.has(REWARD))
	expect_near(curves.of_policy("dog", REWARD).last(), -2.0)
	expect_null(curves.of_evaluations(REWARD))
	expect_eq(
		curves.of_policy_evaluations("cat", REWARD).points, PackedVector2Array([Vector2(50, 2)])
	)
	expect_null(curves.of_policy_evaluations("bird", REWARD))
	expect_false(curves.keys().has("policies/cat/reward_mean"))


func test_a_curve_can_be_over_other_axes() -> void:
	var series: RlSeries = _curves().series[REWARD]
	expect_eq(_xs(series.raw(RlSeries.RlX.AGENT_STEPS)), [100.0, 200.0, 300.0])
	expect_eq(_xs(series.raw(RlSeries.RlX.ENV_STEPS)), [25.0, 50.0, 75.0])
	expect_eq(_xs(series.raw(RlSeries.RlX.SECONDS)), [1.5, 3.0, 4.5])
	var smooth: PackedVector2Array = series.smoothed(0.9, RlSeries.RlX.SECONDS)
	var plain: PackedVector2Array = series.smoothed(0.9)
	for index: int in 3:
		expect_near(smooth[index].y, plain[index].y)


func test_a_moved_curve_goes_on_where_it_was() -> void:
	var series: RlSeries = RlSeries.new()
	for x: int in 40:
		series.add(x, x % 7, Vector2(x * 2, x * 3))
		series.smoothed(0.5, RlSeries.RlX.SECONDS)
	expect_eq(series.raw(RlSeries.RlX.ENV_STEPS)[39], Vector2(78, 4))
	expect_eq(series.smoothed(0.5, RlSeries.RlX.SECONDS)[39].x, 117.0)
	expect_eq(series.smoothed(0.5, RlSeries.RlX.SECONDS)[39].y, series.smoothed(0.5)[39].y)


func test_a_long_curve_keeps_its_other_axes() -> void:
	var series: RlSeries = RlSeries.new()
	for x: int in RlSeries.CAPACITY + 10:
		series.add(x, sin(x), Vector2(x * 2, NAN))
		if x % 5000 == 0:
			series.raw(RlSeries.RlX.ENV_STEPS)
	var moved: PackedVector2Array = series.raw(RlSeries.RlX.ENV_STEPS)
	expect_eq(moved.size(), series.points.size())
	for index: int in moved.size():
		if moved[index].x != series.points[index].x * 2.0:
			fail("point %d is elsewhere" % index)
			return
	expect_eq(series.raw(RlSeries.RlX.SECONDS).size(), 0, "nobody told the time")


func test_a_sample_without_policies_or_with_odd_ones() -> void:
	var curves: RlCurves = RlCurves.new()
	curves.add({"timesteps_total": 1, REWARD: 1.0, "policies": "x", "evaluation": null})
	curves.add({"timesteps_total": 2, REWARD: 2.0, "policies": {"a": 5, 6: {"reward_mean": 1}}})
	expect_eq(curves.series[REWARD].points.size(), 2)
	expect_null(curves.of_evaluations(REWARD))


func test_ticks_of_a_time_axis_are_whole_minutes() -> void:
	expect_eq(RlAxis.ticks(0.0, 250.0, 4, true), PackedFloat64Array([0.0, 120.0, 240.0]))
	expect_eq(RlAxis.ticks(0.0, 20.0, 5, true), PackedFloat64Array([0.0, 5.0, 10.0, 15.0, 20.0]))
	expect_near(fmod(RlAxis.nice_time_step(2e6, 6), 3600.0), 0.0)


func test_the_end_of_a_run_in_words() -> void:
	var run: RlRunState = RlRunState.new()
	var ends: Dictionary[String, String] = {
		"timesteps": "all steps done",
		"reward": "reached the reward",
		"success_rate": "reached the success rate",
		"plateau": "no more progress",
		"stop_file": "stop file found",
		"interrupted": "stopped by hand",
		"something_new": "something new",
	}
	for reason: String in ends:
		run.update({"state": "finished", "reason": reason})
		expect_eq(run.end_text(), ends[reason])
	var told: String = "Reached reward 50: it was 50.3 over the last 100 episodes."
	run.update({"state": "finished", "reason": "reward", "message": told})
	expect_eq(run.end_text(), "reached reward 50")
	run.update({"state": "running", "reason": null})
	expect_eq(run.end_text(), "")


func test_the_beginning_of_a_run_in_words() -> void:
	var state: RlStudioState = RlStudioState.new()
	var parent: RlRunState = state.update_run({"id": "old", "experiment": "tag"})
	var origin: Dictionary = {"run": "old", "checkpoint": "step_000000052000"}
	var run: RlRunState = state.update_run({"id": "new", "resumed_from": origin})
	expect_eq(state.origin_text(run), "resumed from %s at 52k steps" % parent.title())
	run = state.update_run({"id": "b", "initialised_from": origin.merged({"run": "gone"}, true)})
	expect_eq(state.origin_text(run), "policy of gone at 52k steps")
	expect_eq(state.origin_text(parent), "")


func _curves() -> RlCurves:
	var curves: RlCurves = RlCurves.new()
	for index: int in range(1, 4):
		var evaluation: Variant = {"timesteps_total": 100, "reward_mean": 7.0}
		if index == 3:
			evaluation = {"timesteps_total": 300, "reward_mean": 8.0, "success_rate": 1.0}
		var cat: Dictionary = {"reward_mean": index, "reward_max": index * 10}
		var sample: Dictionary = {
			"timesteps_total": index * 100,
			"env_steps_total": index * 25,
			"time_total_s": index * 1.5,
			REWARD: float(index),
			"policies":
			{"cat": cat.merged({"learner": {"loss": 0.25}}), "dog/2": {"reward_mean": -index}},
			"evaluation": evaluation,
		}
		curves.add(sample)
	return curves


func _xs(points: PackedVector2Array) -> Array[float]:
	var found: Array[float] = []
	for point: Vector2 in points:
		found.append(point.x)
	return found
