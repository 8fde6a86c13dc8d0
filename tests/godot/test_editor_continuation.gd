extends "test_case.gd"
## What the next run begins with: nothing, a run that goes on, the policy of a run.

const RlContinuation := preload("res://addons/rl_studio/core/continuation.gd")
const RlRunState := preload("res://addons/rl_studio/core/run_state.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")

const NOTHING: RlContinuation.RlMode = RlContinuation.RlMode.NOTHING
const RESUME: RlContinuation.RlMode = RlContinuation.RlMode.RESUME
const POLICY: RlContinuation.RlMode = RlContinuation.RlMode.POLICY


func test_a_beginning_with_nothing_adds_nothing() -> void:
	var beginning: RlContinuation = RlContinuation.new()
	expect_eq([beginning.params(), beginning.problem(), beginning.note()], [{}, "", ""])


func test_a_run_goes_on_with_its_own_settings_and_what_was_changed() -> void:
	var state: RlStudioState = _resuming()
	var beginning: RlContinuation = state.continuation
	expect_eq(beginning.problem(), "")
	expect_true(state.form_in_use() == beginning.form)
	expect_eq(beginning.form.value("rate"), 0.5, "as in that run")
	expect_eq(
		beginning.params(),
		{
			"resume": {"run_id": "new", "checkpoint": "latest"},
			"overrides": {},
		}
	)
	beginning.form.set_value("rate", 0.1)
	beginning.choose_checkpoint(100)
	expect_eq(
		beginning.params(),
		{
			"resume": {"run_id": "new", "checkpoint": 100},
			"overrides": {"rate": 0.1},
		}
	)
	expect_contains(beginning.note(), "at 100 steps")


func test_the_experiment_is_not_touched() -> void:
	var state: RlStudioState = _resuming()
	state.form.set_value("rate", 0.7)
	state.continuation.form.set_value("rate", 0.1)
	state.begin_with(NOTHING)
	expect_true(state.form_in_use() == state.form)
	expect_eq(state.form.overrides(), {"rate": 0.7})
	state.begin_with(RESUME)
	expect_eq(state.continuation.form.value("rate"), 0.1, "nor is what was changed for the run")


func test_a_run_that_did_all_its_steps_gets_as_many_again() -> void:
	var state: RlStudioState = _resuming()
	expect_eq(state.continuation.form.value("total_timesteps"), 1000, "there are steps left")
	state.continuation.take_checkpoints([{"timesteps": 1000}, {"timesteps": 100}])
	expect_eq(state.continuation.form.overrides(), {"total_timesteps": 2000})


func test_the_algorithm_of_a_run_stays() -> void:
	var form_choices: Array = _resuming().continuation.form.field("algorithm").choices
	expect_eq(form_choices, ["ppo"])


func test_the_best_checkpoint_is_the_marked_one() -> void:
	var beginning: RlContinuation = _resuming().continuation
	beginning.choose_checkpoint(RlContinuation.BEST)
	expect_eq(beginning.checkpoint()["timesteps"], 100)
	var params: Dictionary = beginning.params()
	expect_eq(params["resume"], {"run_id": "new", "checkpoint": "best"})
	beginning.choose_checkpoint(RlContinuation.LATEST)
	expect_eq(beginning.checkpoint()["timesteps"], 300)


func test_a_policy_is_taken_with_the_settings_of_the_form() -> void:
	var state: RlStudioState = _state()
	state.begin_with(POLICY)
	state.continuation.take_checkpoints([{"timesteps": 300}])
	expect_eq(
		state.continuation.params(), {"init_from": {"run_id": "active", "checkpoint": "latest"}}
	)
	expect_true(state.form_in_use() == state.form)
	expect_contains(state.continuation.note(), "from 0")


func test_only_runs_that_fit_are_offered() -> void:
	var state: RlStudioState = _state()
	expect_eq(_ids(state.beginnings(RESUME)), ["new", "old"])
	expect_eq(_ids(state.beginnings(POLICY)), ["active", "new", "old"], "also from one that runs")
	state.open_experiment("a", "other", {})
	expect_eq(_ids(state.beginnings(POLICY)), ["foreign"])
	expect_eq(_ids(state.beginnings(RESUME)), ["new", "old"], "it brings its trainer along")


func test_what_stands_in_the_way_is_said() -> void:
	var state: RlStudioState = RlStudioState.new()
	state.begin_with(RESUME)
	expect_contains(state.continuation.problem(), "Choose the run")
	state = _state()
	state.begin_with(RESUME)
	expect_contains(state.continuation.problem(), "in a moment")
	state.continuation.fail("The disk is gone.")
	expect_eq(state.continuation.problem(), "The disk is gone.")
	state = _resuming()
	state.continuation.take_checkpoints([])
	expect_contains(state.continuation.problem(), "no checkpoint")
	state = _resuming()
	state.continuation.form.set_value("rate", "fast")
	expect_contains(state.continuation.problem(), "number")


func test_each_chosen_run_is_asked_for() -> void:
	var state: RlStudioState = _state()
	var asked: Array[String] = []
	state.continuation.run_wanted.connect(func(id: String) -> void: asked.append(id))
	state.begin_with(RESUME)
	state.continuation.choose_run("old")
	expect_eq(asked, ["new", "old"])
	expect_eq(state.continuation.checkpoints.size(), 0, "those of the other run are forgotten")


func test_a_started_run_is_the_end_of_it() -> void:
	var state: RlStudioState = _resuming()
	state.continuation.reset()
	expect_eq([state.continuation.mode, state.continuation.run_id], [NOTHING, ""])
	expect_eq(state.continuation.params(), {})


func _state() -> RlStudioState:
	var state: RlStudioState = RlStudioState.new()
	var trainers: Array[Dictionary] = [
		{"name": "t", "fields": _fields(), "can_resume": true},
		{"name": "other", "fields": _fields(), "can_resume": false},
	]
	state.set_trainers(trainers)
	state.open_experiment("tag", "t", {})
	var done: Dictionary = {"trainer": "t", "experiment": "tag", "state": "finished"}
	state.update_run(done.merged({"id": "old", "started": 1.0, "checkpoints": 1}))
	state.update_run(done.merged({"id": "new", "started": 2.0, "checkpoints": 2}))
	state.update_run(done.merged({"id": "empty", "started": 3.0, "checkpoints": 0}))
	state.update_run(
		done.merged({"id": "foreign", "started": 4.0, "checkpoints": 1, "trainer": "other"}, true)
	)
	state.update_run(
		done.merged({"id": "active", "started": 5.0, "checkpoints": 1, "state": "running"}, true)
	)
	return state


func _resuming() -> RlStudioState:
	var state: RlStudioState = _state()
	state.begin_with(RESUME)
	state.continuation.take_checkpoints([{"timesteps": 300}, {"timesteps": 100, "best": true}])
	var config: Dictionary = {"algorithm": "ppo", "rate": 0.5, "total_timesteps": 1000}
	state.continuation.take_config(_fields(), config)
	return state


func _fields() -> Array[Dictionary]:
	return [
		{"key": "algorithm", "type": "enum", "default": "ppo", "choices": ["ppo", "sac"]},
		{"key": "rate", "title": "Rate", "type": "float", "default": 0.001},
		{"key": "total_timesteps", "type": "int", "default": 200},
		{"key": "newer", "type": "int", "default": 1},
	]


func _ids(runs: Array[RlRunState]) -> Array[String]:
	var found: Array[String] = []
	for run: RlRunState in runs:
		found.append(run.id)
	return found
