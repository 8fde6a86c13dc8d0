extends "test_case.gd"
## What the Train dock knows of a run's bottleneck and restarts, of presets, and of numbers that may
## be "auto".

const RlBottleneck := preload("res://addons/rl_studio/core/bottleneck.gd")
const RlFormField := preload("res://addons/rl_studio/core/form_field.gd")
const RlFormModel := preload("res://addons/rl_studio/core/form_model.gd")
const RlLogFilter := preload("res://addons/rl_studio/core/log_filter.gd")
const RlMetric := preload("res://addons/rl_studio/core/metric.gd")
const RlPresetChoice := preload("res://addons/rl_studio/core/preset_choice.gd")
const RlPolicyResults := preload("res://addons/rl_studio/core/policy_results.gd")
const RlRunState := preload("res://addons/rl_studio/core/run_state.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")

const BALANCED: int = 0
const FAST: int = 1
const STABLE: int = 2


func test_shares_are_those_of_the_last_five_iterations() -> void:
	var bottleneck: RlBottleneck = RlBottleneck.new()
	bottleneck.add(_throughput(0.0, 1.0))
	for _index: int in 4:
		bottleneck.add(_throughput(0.5, 0.5))
	expect_near(bottleneck.share("game"), 0.4)
	expect_near(bottleneck.share("update"), 0.6)
	bottleneck.add(_throughput(1.0, 0.0))
	expect_near(bottleneck.share("game"), 0.6)


func test_shares_add_up_to_one_whatever_comes() -> void:
	var bottleneck: RlBottleneck = RlBottleneck.new()
	bottleneck.add(
		{"game_share": 0.9, "wire_share": -3.0, "policy_share": NAN, "update_share": 0.6}
	)
	bottleneck.add({"game_share": 0.3, "other_share": "x", "update_share": null})
	var sum: float = 0.0
	for part: String in RlBottleneck.PARTS:
		sum += bottleneck.share(part)
	expect_near(sum, 1.0)
	expect_near(bottleneck.share("game"), 1.2 / 1.8)


func test_a_trainer_that_sends_no_shares_has_no_bottleneck() -> void:
	var run: RlRunState = RlRunState.new()
	run.add_samples(
		[_sample(1, {"timesteps_per_second": 100.0}), _sample(2, {"update_share": 1.0})]
	)
	expect_false(run.bottleneck.is_known())
	expect_eq(run.bottleneck.share("game"), 0.0)
	run.add_samples([_sample(3, _throughput(0.0, 0.0))])
	expect_false(run.bottleneck.is_known(), "shares of nothing")
	run.add_samples([_sample(4, _throughput(0.75, 0.25))])
	expect_true(run.bottleneck.is_known())
	expect_near(run.bottleneck.share("game"), 0.75)


func test_advice_is_that_of_the_newest_iteration() -> void:
	var bottleneck: RlBottleneck = RlBottleneck.new()
	bottleneck.add(_throughput(0.9, 0.1, "Add arenas."))
	expect_eq(bottleneck.advice(), "Add arenas.")
	bottleneck.add({"timesteps_per_second": 100.0})
	expect_eq(bottleneck.advice(), "Add arenas.", "an iteration without shares says nothing")
	bottleneck.add(_throughput(0.4, 0.4))
	expect_eq(bottleneck.advice(), "")


func test_no_advice_stands_beside_a_fault() -> void:
	for fault: Dictionary in (
		[{"state": "failed"}, {"state": "running", "restarts": 1}] as Array[Dictionary]
	):
		var run: RlRunState = RlRunState.new()
		run.update({"state": "running"})
		run.add_samples([_sample(1, _throughput(0.9, 0.1, "More copies."))])
		expect_eq(run.bottleneck.advice(), "More copies.")
		run.update(fault)
		expect_eq(run.bottleneck.advice(), "")


func test_shares_are_curves_in_percent() -> void:
	var run: RlRunState = RlRunState.new()
	run.add_samples([_sample(1, _throughput(0.75, 0.25, "Text is no curve."))])
	expect_near(run.curves.series["throughput/game_share"].last(), 0.75)
	expect_false(run.curves.series.has("throughput/advice"))
	for part: String in RlBottleneck.PARTS:
		var key: String = "throughput/%s_share" % part
		expect_true(RlMetric.is_share(key))
		expect_true(RlMetric.MAIN.has(key), key)


func test_a_run_tells_of_its_last_restart() -> void:
	var run: RlRunState = RlRunState.new()
	run.update({"id": "a"})
	expect_eq([run.restarts, run.restart_summary], [0, ""])
	var restart: Dictionary = {
		"summary": "Game 1 crashed.", "message": "It fell.\n  x", "attempt": 2
	}
	run.update({"id": "a", "restarts": 2, "last_restart": restart})
	expect_eq([run.restarts, run.restart_summary], [2, "Game 1 crashed."])
	expect_eq(run.restart_message, "It fell.\n  x")
	run.update({"id": "a", "restarts": "x", "last_restart": [1]})
	expect_eq([run.restarts, run.restart_summary], [0, ""])


func test_policies_that_learn_against_each_other_have_figures_of_their_own() -> void:
	var run: RlRunState = RlRunState.new()
	run.update({"episode_reward_mean": 4.0, "policies": {"chase": {"reward_mean": 4.0}}})
	expect_false(run.has_several_policies())
	expect_eq(run.figures_text(), "reward 4")
	var evader: Dictionary = {"reward_mean": 0.42, "success_rate": 0.02, "episodes": 7}
	var pursuer: Dictionary = {"reward_mean": 5.1, "success_rate": null}
	run.update({"episode_reward_mean": null, "policies": {"evader": evader, "pursuer": pursuer}})
	expect_true(run.has_several_policies())
	expect_eq(run.figures_text(), "evader 0.42 (2%), pursuer 5.1")


func test_a_run_tells_of_its_warnings_once_each() -> void:
	var run: RlRunState = RlRunState.new()
	run.update({"warnings": [{"message": "Odd.", "count": 1}, {"message": "Slow.", "count": 3.0}]})
	expect_eq(run.warnings, PackedStringArray(["Odd.", "Slow. (3 times)"]))
	run.update({"warnings": [5, {}]})
	expect_eq(run.warnings, PackedStringArray([""]))


func test_the_log_tells_why_a_game_was_restarted() -> void:
	var filter: RlLogFilter = RlLogFilter.new()
	var event: String = '@EVENT {"kind":"game_restarted","instance":1,"message":"It fell.\\n  x"}\n'
	expect_eq(filter.feed(event), "> game 1 restarted: It fell.\n  x\n")


func test_a_number_may_be_left_to_the_trainer() -> void:
	var field: RlFormField = RlFormField.new(
		{"key": "n_envs", "type": "int_or_auto", "default": 1, "minimum": 1, "maximum": 64}
	)
	expect_eq(field.check("auto"), "")
	expect_eq(field.check(4), "")
	expect_contains(field.check(65), "from 1 to 64")
	expect_contains(field.check("many"), "whole number")
	expect_contains(field.check(1.5), "whole number")
	expect_eq(field.from_text("auto"), "auto")
	expect_eq(field.from_text(" 4 "), 4)
	expect_eq([field.to_text("auto"), field.to_text(4)], ["auto", "4"])
	var form: RlFormModel = RlFormModel.new()
	form.load_form([{"key": "n_envs", "type": "int_or_auto", "default": 1}], {"n_envs": "auto"})
	expect_eq(form.overrides(), {"n_envs": "auto"})
	form.set_value("n_envs", 1)
	expect_eq(form.overrides(), {})


func test_the_preset_is_the_one_whose_values_the_form_has() -> void:
	var state: RlStudioState = _state({})
	expect_eq(state.presets.current(), BALANCED)
	state.form.set_value("gamma", 0.5)
	expect_eq(state.presets.current(), BALANCED, "no preset says anything about gamma")
	state.form.set_value("n_steps", 16)
	expect_eq(state.presets.current(), RlPresetChoice.CUSTOM)
	state.form.set_value("batch", 128.0)
	expect_eq(state.presets.current(), FAST)
	expect_eq(_state({"n_steps": 128, "kl": 0.03}).presets.current(), STABLE)


func test_choosing_a_preset_sets_all_that_presets_are_about() -> void:
	var state: RlStudioState = _state({"gamma": 0.5})
	state.presets.choose(STABLE)
	expect_eq(state.form.overrides(), {"gamma": 0.5, "n_steps": 128, "kl": 0.03})
	state.presets.choose(FAST)
	expect_eq(state.form.overrides(), {"gamma": 0.5, "n_steps": 16, "batch": 128})
	state.form.revert("n_steps")
	expect_eq(state.presets.current(), RlPresetChoice.CUSTOM)
	state.presets.choose(BALANCED)
	expect_eq(state.form.overrides(), {"gamma": 0.5})


func test_a_choice_tells_what_it_changed_and_can_be_undone() -> void:
	var state: RlStudioState = _state({"n_steps": 77})
	state.presets.choose(FAST)
	expect_eq(
		state.presets.changes(),
		PackedStringArray(["Rollout 77 → 16", "Batch 256 → 128"]),
	)
	state.presets.undo()
	expect_eq(state.form.overrides(), {"n_steps": 77})
	expect_false(state.presets.can_undo())
	state.presets.choose(STABLE)
	expect_true("Kl none → 0.03" in state.presets.changes())
	state.form.set_value("gamma", 0.9)
	expect_true(state.presets.can_undo(), "a field of no preset")
	state.form.set_value("n_steps", 99)
	expect_false(state.presets.can_undo(), "the user went on; undo would take that away")
	state.presets.choose(STABLE)
	state.open_experiment("b", "t", {})
	expect_false(state.presets.can_undo(), "another experiment")


func test_listeners_hear_of_another_preset() -> void:
	var state: RlStudioState = _state({})
	var heard: Array[int] = []
	state.presets.changed.connect(func() -> void: heard.append(state.presets.current()))
	state.presets.choose(FAST)
	state.form.set_value("batch", 64)
	expect_eq(heard, [FAST, RlPresetChoice.CUSTOM])


func test_a_trainer_without_presets_or_with_odd_ones() -> void:
	var state: RlStudioState = _state({})
	var odd: Array = [
		{"name": "a", "values": {"no_such_field": 1}}, {"title": 5, "values": []}, "x"
	]
	state.set_trainers([{"name": "t", "fields": _fields(), "presets": odd}, {"name": "u"}])
	state.open_experiment("a", "t", {})
	expect_eq(state.presets.presets.size(), 2)
	state.presets.choose(0)
	expect_eq(state.form.overrides(), {})
	expect_eq(state.presets.settings(0), PackedStringArray())
	state.open_experiment("a", "u", {})
	expect_eq([state.presets.presets.size(), state.presets.current()], [0, RlPresetChoice.CUSTOM])


func _state(overrides: Dictionary) -> RlStudioState:
	var state: RlStudioState = RlStudioState.new()
	var presets: Array = [
		{"name": "balanced", "title": "Balanced", "reason": "The defaults.", "values": {}},
		{"name": "fast", "title": "Fast", "values": {"n_steps": 16, "batch": 128}},
		{"name": "stable", "title": "Stable", "values": {"n_steps": 128, "kl": 0.03}},
	]
	state.set_trainers([{"name": "t", "fields": _fields(), "presets": presets}])
	state.open_experiment("a", "t", overrides)
	return state


func _fields() -> Array[Dictionary]:
	return [
		{"key": "n_steps", "title": "Rollout", "type": "int", "default": 64},
		{"key": "batch", "title": "Batch", "type": "int", "default": 256},
		{"key": "kl", "type": "float", "default": null, "nullable": true},
		{"key": "gamma", "type": "float", "default": 0.99},
	]


func _throughput(game: float, update: float, advice: Variant = null) -> Dictionary:
	return {
		"timesteps_per_second": 100.0,
		"game_share": game,
		"wire_share": 0.0,
		"policy_share": 0.0,
		"update_share": update,
		"other_share": 0.0,
		"advice": advice,
	}


func _sample(seq: int, throughput: Dictionary) -> Dictionary:
	return {"seq": seq, "timesteps_total": seq * 10, "throughput": throughput}
