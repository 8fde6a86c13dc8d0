extends "test_case.gd"
## The editor's state objects, which need no editor: series, forms, runs, axes, texts.

const RlAxis := preload("res://addons/rl_studio/core/axis.gd")
const RlFormat := preload("res://addons/rl_studio/core/format.gd")
const RlFormField := preload("res://addons/rl_studio/core/form_field.gd")
const RlFormModel := preload("res://addons/rl_studio/core/form_model.gd")
const RlLogFilter := preload("res://addons/rl_studio/core/log_filter.gd")
const RlRunSelection := preload("res://addons/rl_studio/core/run_selection.gd")
const RlRunState := preload("res://addons/rl_studio/core/run_state.gd")
const RlSeries := preload("res://addons/rl_studio/core/series.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")


func test_smoothing_leaves_a_constant_alone() -> void:
	var series: RlSeries = RlSeries.new()
	for x: int in 50:
		series.add(x, 7.0)
	for point: Vector2 in series.smoothed(0.9):
		expect_near(point.y, 7.0, 1e-4)


func test_smoothing_goes_on_where_it_was() -> void:
	var whole: RlSeries = RlSeries.new()
	var pieces: RlSeries = RlSeries.new()
	for x: int in 40:
		whole.add(x, x % 7)
		pieces.add(x, x % 7)
		pieces.smoothed(0.6)
	expect_eq(pieces.smoothed(0.6), whole.smoothed(0.6))
	expect_eq(pieces.smoothed(0.0), whole.points)


func test_series_refuses_nan_and_steps_back() -> void:
	var series: RlSeries = RlSeries.new()
	series.add(10, 1.0)
	series.add(20, NAN)
	series.add(5, 1.0)
	expect_eq(series.points, PackedVector2Array([Vector2(10, 1)]))


func test_a_long_series_keeps_its_peaks() -> void:
	var series: RlSeries = RlSeries.new()
	for x: int in RlSeries.CAPACITY + 10:
		series.add(x, 100.0 if x == 1234 else sin(x))
	expect_true(series.points.size() <= RlSeries.CAPACITY)
	var highest: float = 0.0
	for point: Vector2 in series.points:
		highest = maxf(highest, point.y)
	expect_eq(highest, 100.0)
	expect_eq(series.points[series.points.size() - 1].x, float(RlSeries.CAPACITY + 9))


func test_nice_steps_are_one_two_five() -> void:
	expect_near(RlAxis.nice_step(1.0, 5), 0.2)
	expect_near(RlAxis.nice_step(10.0, 5), 2.0)
	expect_near(RlAxis.nice_step(21.0, 5), 5.0)
	expect_near(RlAxis.nice_step(90_000.0, 3), 50_000.0)
	expect_eq(RlAxis.ticks(-1.0, 1.0, 4), PackedFloat64Array([-1.0, -0.5, 0.0, 0.5, 1.0]))


func test_range_survives_one_wild_point() -> void:
	var points: PackedVector2Array = []
	for x: int in 200:
		points.append(Vector2(x, 1e6 if x == 100 else x * 0.01))
	expect_true(RlAxis.robust_range(points).y < 3.0)


func test_padded_range_is_never_flat() -> void:
	for span: Vector2 in [Vector2(3, 3), Vector2(0, 0), Vector2(INF, -INF), Vector2(-5, -5)]:
		var padded: Vector2 = RlAxis.padded(span)
		expect_true(padded.y > padded.x, str(span))


func test_thinning_keeps_extremes_and_the_last_point() -> void:
	var points: PackedVector2Array = []
	for x: int in 10_000:
		points.append(Vector2(x, 9.0 if x == 777 else 0.0))
	var thin: PackedVector2Array = RlAxis.thinned(points, 100)
	expect_true(thin.size() <= 202)
	expect_true(Vector2(777, 9) in thin)
	expect_eq(thin[thin.size() - 1].x, 9999.0)


func test_numbers_as_text() -> void:
	expect_eq(RlFormat.count(950), "950")
	expect_eq(RlFormat.count(25_600), "25.6k")
	expect_eq(RlFormat.count(1_250_000), "1.25M")
	expect_eq(RlFormat.short_count(5000), "5k")
	expect_eq(RlFormat.scientific(3e-4), "3e-4")
	expect_eq(RlFormat.scientific(0.99), "0.99")
	expect_eq(RlFormat.value(NAN), "–")
	expect_eq(RlFormat.duration(3725), "1:02:05")
	expect_eq(RlFormat.duration(65), "1:05")
	expect_eq(RlFormat.bytes(21_400), "21.4 kB")
	expect_eq(RlFormat.age(7200), "2 h")


func test_fields_read_what_people_type() -> void:
	var rate: RlFormField = RlFormField.new({"key": "lr", "type": "float", "exclusive_minimum": 0})
	expect_eq(rate.from_text("3e-4"), 0.0003)
	expect_eq(rate.check(rate.from_text("3e-4")), "")
	expect_contains(rate.check(rate.from_text("0")), "above 0")
	expect_ne(rate.check(rate.from_text("fast")), "")
	expect_ne(rate.check(rate.from_text("")), "")
	var steps: RlFormField = RlFormField.new(
		{"key": "n", "type": "int", "minimum": 1, "nullable": true}
	)
	expect_eq(steps.from_text("2e5"), 200_000)
	expect_eq(steps.from_text("1_000"), 1000)
	expect_eq(steps.check(steps.from_text("")), "")
	expect_ne(steps.check(steps.from_text("1.5")), "")
	var layers: RlFormField = RlFormField.new({"key": "l", "type": "int_list"})
	expect_eq(layers.from_text("[64, 32]"), [64, 32])
	expect_eq(layers.to_text([64, 32]), "64, 32")
	expect_ne(layers.check(layers.from_text("64, x")), "")
	var game_args: RlFormField = RlFormField.new({"key": "a", "type": "dict"})
	expect_eq(game_args.from_text("--level=3, fast"), {"level": "3", "fast": ""})


func test_form_knows_what_was_changed() -> void:
	var form: RlFormModel = _form()
	expect_eq(form.overrides(), {"n": 7})
	form.set_value("rate", 0.5)
	expect_eq(form.overrides(), {"n": 7, "rate": 0.5})
	form.revert("n")
	expect_false(form.is_changed("n"))
	form.set_value("n", 3.0)
	expect_false(form.is_changed("n"), "3.0 is the default 3")


func test_form_shows_errors_where_they_belong() -> void:
	var form: RlFormModel = _form()
	form.set_value("rate", -1.0)
	expect_contains(form.error("rate"), "above 0")
	expect_contains(form.first_error(), "Rate: ")
	form.set_value("rate", 0.1)
	expect_false(form.has_errors())
	var homeless: PackedStringArray = form.show_refusals(
		[{"key": "n", "message": "too many"}, {"key": "gone", "message": "unknown"}]
	)
	expect_eq(form.error("n"), "too many")
	expect_eq(homeless, PackedStringArray(["gone: unknown"]))


func test_run_takes_each_sample_once() -> void:
	var run: RlRunState = RlRunState.new()
	run.add_samples([_sample(1, 100, 1.0), _sample(2, 200, 2.0)])
	run.add_samples([_sample(2, 200, 9.0), _sample(3, 300, null)])
	expect_eq(run.last_seq, 3)
	expect_eq(run.curves.series["episode_reward_mean"].points.size(), 2)
	expect_eq(run.curves.series["learner/loss"].points.size(), 3)


func test_run_log_has_no_gap_and_nothing_twice() -> void:
	var run: RlRunState = RlRunState.new()
	run.add_log(10, 18, "one\ntwo\n")
	run.add_log(14, 24, "two\nthree\n")
	run.add_log(10, 18, "one\ntwo\n")
	expect_eq(run.log_text, "one\ntwo\nthree\n")
	expect_eq(run.log_end, 24)


func test_log_filter_hides_metrics_and_reads_events() -> void:
	var filter: RlLogFilter = RlLogFilter.new()
	expect_eq(filter.feed("hello\n@MET"), "hello\n")
	expect_eq(filter.feed('RIC {"a":1}\n@EVENT {"kind":"status","mess'), "")
	expect_eq(filter.feed('age":"Loading"}\nbye\n'), "> Loading\nbye\n")


func test_run_progress_and_remaining_time() -> void:
	var run: RlRunState = RlRunState.new()
	run.update(_info("a", "running", 1.0))
	expect_near(run.progress(), 0.25)
	expect_near(run.remaining(), 30.0)
	expect_true(is_nan(run.reward))
	run.update(_info("a", "failed", 1.0))
	expect_true(is_nan(run.remaining()))
	expect_eq(run.problem.message, "It crashed.")


func test_state_keeps_runs_newest_first_and_finds_the_active_one() -> void:
	var state: RlStudioState = RlStudioState.new()
	state.update_run(_info("old", "running", 1.0))
	state.update_run(_info("new", "finished", 2.0))
	expect_eq(state.runs[0].id, "new")
	expect_eq(state.active_run().id, "old")
	state.update_run(_info("old", "finished", 1.0))
	expect_eq(state.runs.size(), 2)
	expect_null(state.active_run())


func test_selection_gives_shown_runs_different_colours() -> void:
	var selection: RlRunSelection = RlRunSelection.new()
	for id: String in ["a", "b", "c"]:
		selection.set_shown(id, true)
	selection.set_shown("b", false)
	selection.set_shown("d", true)
	expect_eq(selection.slot("a"), 0)
	expect_eq(selection.slot("c"), 2)
	expect_eq(selection.slot("d"), 1)


func test_garbage_from_outside_breaks_nothing() -> void:
	var run: RlRunState = RlRunState.new()
	run.update({"id": 5, "timesteps": "x", "error": [], "started": null, "episodes": 2.0})
	expect_eq(run.id, "")
	expect_eq(run.episodes, 2)
	expect_null(run.problem)


func _form() -> RlFormModel:
	var form: RlFormModel = RlFormModel.new()
	var schema: Array[Dictionary] = [
		{"key": "n", "title": "N", "type": "int", "default": 3},
		{"key": "rate", "title": "Rate", "type": "float", "default": 0.1, "exclusive_minimum": 0},
	]
	form.load_form(schema, {"n": 7})
	return form


func _sample(seq: int, steps: int, reward: Variant) -> Dictionary:
	return {
		"seq": seq,
		"timesteps_total": steps,
		"episode_reward_mean": reward,
		"learner": {"loss": 0.5},
	}


func _info(id: String, state: String, started: float) -> Dictionary:
	return {
		"id": id,
		"state": state,
		"started": started,
		"timesteps": 1000,
		"timesteps_target": 4000,
		"timesteps_per_second": 100.0,
		"episode_reward_mean": null,
		"error": {"message": "It crashed.", "log_tail": ["x"]} if state == "failed" else null,
	}
