extends "test_case.gd"
## The form of a trainer with several algorithms: which fields there are, their defaults, presets,
## types, groups; and what the backend says beside the form.

const RlExperimentNotes := preload("res://addons/rl_studio/core/experiment_notes.gd")
const RlFormField := preload("res://addons/rl_studio/core/form_field.gd")
const RlFormModel := preload("res://addons/rl_studio/core/form_model.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")


func test_an_algorithm_has_its_own_fields_and_defaults() -> void:
	var form: RlFormModel = _form({})
	expect_eq(form.algorithm(), "ppo")
	expect_true(form.applies("n_steps"))
	expect_false(form.applies("buffer"))
	expect_eq(form.value("rate"), 0.001)
	form.set_value("algorithm", "sac")
	expect_false(form.applies("n_steps"))
	expect_true(form.applies("buffer"))
	expect_eq(form.value("rate"), 0.0003)
	expect_false(form.is_changed("rate"), "the default of sac")
	expect_eq(form.overrides(), {"algorithm": "sac"})


func test_values_for_another_algorithm_are_kept_but_not_saved() -> void:
	var form: RlFormModel = _form({"n_steps": 64, "rate": 0.01})
	form.set_value("algorithm", "sac")
	form.set_value("buffer", 500)
	expect_eq(form.overrides(), {"algorithm": "sac", "rate": 0.01, "buffer": 500})
	form.set_value("algorithm", "ppo")
	expect_eq(form.overrides(), {"n_steps": 64, "rate": 0.01})


func test_a_value_taken_back_is_the_default_of_every_algorithm() -> void:
	var form: RlFormModel = _form({"rate": 0.01})
	form.revert("rate")
	form.set_value("algorithm", "sac")
	expect_eq(form.overrides(), {"algorithm": "sac"})


func test_a_value_that_is_the_default_elsewhere_comes_back() -> void:
	var form: RlFormModel = _form({"rate": 0.0003})
	form.set_value("algorithm", "sac")
	expect_false(form.is_changed("rate"))
	form.set_value("algorithm", "ppo")
	expect_eq(form.overrides(), {"rate": 0.0003})


func test_errors_of_fields_that_are_gone_do_not_count() -> void:
	var form: RlFormModel = _form({})
	form.set_value("n_steps", 0)
	expect_contains(form.error("n_steps"), "1 or more")
	form.set_value("algorithm", "sac")
	expect_false(form.has_errors())
	form.set_value("algorithm", "ppo")
	expect_true(form.has_errors(), "what is wrong is still wrong")


func test_refusals_of_hidden_or_inner_fields_are_not_lost() -> void:
	var form: RlFormModel = _form({})
	var homeless: PackedStringArray = (
		form
		. show_refusals(
			[
				{"key": "buffer", "message": "ppo has no such field"},
				{"key": "policies.cat.rate", "message": "too high"},
			]
		)
	)
	expect_eq(homeless, PackedStringArray(["buffer: ppo has no such field"]))
	expect_eq(form.error("policies"), "policies.cat.rate: too high")


func test_groups_come_in_the_order_of_the_schema() -> void:
	var form: RlFormModel = RlFormModel.new()
	var schema: Array[Dictionary] = []
	for group: String in ["Training", "Stop", "Training", "Output"]:
		schema.append({"key": "field_%d" % schema.size(), "group": group})
	form.load_form(schema, {})
	expect_eq(form.groups(), PackedStringArray(["Training", "Stop", "Output"]))


func test_presets_are_those_of_the_algorithm() -> void:
	var state: RlStudioState = _state()
	expect_eq(state.presets.presets.size(), 2)
	expect_true(state.presets.has_choice())
	state.presets.choose(1)
	expect_eq(state.form.overrides(), {"n_steps": 8})
	state.form.set_value("algorithm", "sac")
	expect_false(state.presets.has_choice(), "only the defaults are left")
	expect_false(state.presets.can_undo(), "fields that are gone cannot be taken back")
	state.form.set_value("algorithm", "ppo")
	expect_eq(state.presets.current(), 1)


func test_a_decimal_number_may_be_left_to_some_algorithms() -> void:
	var field: RlFormField = RlFormField.new(_fields()[4])
	expect_true(field.may_be_auto("sac"))
	expect_false(field.may_be_auto("ppo"))
	expect_eq(field.check("auto"), "")
	expect_eq(field.check(0.5), "")
	expect_contains(field.check("much"), "number")
	expect_contains(field.check(-1.0), "0 or more")
	expect_eq(field.from_text("2e-4"), 0.0002)
	var games: RlFormField = RlFormField.new({"key": "n", "type": "int_or_auto", "default": 1})
	expect_true(games.may_be_auto(""))


func test_lists_of_names_are_read_and_written() -> void:
	var field: RlFormField = RlFormField.new({"key": "a", "type": "string_list", "default": []})
	expect_eq(field.from_text(" cat, dog 2 ,"), ["cat", "dog 2"])
	expect_eq(field.from_text(""), [])
	expect_eq(field.to_text(["cat", "dog 2"]), "cat, dog 2")
	expect_eq(field.to_phrase([]), "none")


func test_maps_within_maps_are_json() -> void:
	var field: RlFormField = RlFormField.new({"key": "a", "type": "json", "default": {}})
	var value: Dictionary = {"cat": {"layers": [64, 32], "rate": 0.5, "on": true}}
	expect_eq(field.from_text(field.to_text(value)), value, "64 stays a whole number")
	expect_eq(field.from_text(""), {})
	expect_contains(field.check(field.from_text("{cat")), "JSON")
	expect_contains(field.check(field.from_text("[1]")), "JSON")
	expect_eq(field.to_phrase({}), "none")


func test_a_choice_that_is_none_is_refused() -> void:
	var form: RlFormModel = _form({})
	form.set_value("algorithm", "dqn")
	expect_contains(form.error("algorithm"), "dqn")


func test_the_overlay_is_told_in_a_sentence() -> void:
	var notes: RlExperimentNotes = RlExperimentNotes.new(
		{"overlay": {"rate": 0.1}, "overlay_file": "/p/a/rllib_config.yaml", "warnings": ["w"]}
	)
	expect_eq(notes.overlay_text(), "rllib_config.yaml sets rate. It wins over the form.")
	expect_contains(notes.overlay_details(), "rate: 0.1")
	expect_eq(notes.warnings, PackedStringArray(["w"]))
	expect_eq(RlExperimentNotes.new({"overlay": 5, "problem": null}).overlay_text(), "")


func _form(changed: Dictionary) -> RlFormModel:
	var form: RlFormModel = RlFormModel.new()
	form.load_form(_fields(), changed)
	return form


func _state() -> RlStudioState:
	var state: RlStudioState = RlStudioState.new()
	var presets: Array = [
		{"name": "plain", "title": "Plain"}, {"name": "quick", "values": {"n_steps": 8}}
	]
	state.set_trainers([{"name": "t", "fields": _fields(), "presets": presets}])
	state.open_experiment("a", "t", {})
	return state


func _fields() -> Array[Dictionary]:
	return [
		{"key": "algorithm", "type": "enum", "default": "ppo", "choices": ["ppo", "sac"]},
		{"key": "rate", "type": "float", "default": 0.001, "defaults": {"sac": 0.0003}},
		{"key": "n_steps", "type": "int", "default": 32, "minimum": 1, "algorithms": ["ppo"]},
		{"key": "buffer", "type": "int", "default": 1000, "algorithms": ["sac"]},
		{
			"key": "ent_coef",
			"type": "float_or_auto",
			"default": 0.0,
			"minimum": 0,
			"defaults": {"sac": "auto"},
		},
		{"key": "policies", "type": "json", "default": {}, "algorithms": null},
	]
