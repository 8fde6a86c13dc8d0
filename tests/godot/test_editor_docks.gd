extends "test_case.gd"
## What docks are made of, without an editor: names, pages, selections, curves, messages.

const RlBottleneck := preload("res://addons/rl_studio/core/bottleneck.gd")
const RlContinuation := preload("res://addons/rl_studio/core/continuation.gd")
const RlExperimentName := preload("res://addons/rl_studio/core/experiment_name.gd")
const RlFormModel := preload("res://addons/rl_studio/core/form_model.gd")
const RlMarkdown := preload("res://addons/rl_studio/core/markdown.gd")
const RlProblem := preload("res://addons/rl_studio/core/problem.gd")
const RlRunSelection := preload("res://addons/rl_studio/core/run_selection.gd")
const RlRunTitles := preload("res://addons/rl_studio/core/run_titles.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")


func test_names_of_experiments_are_those_the_backend_takes() -> void:
	for good: String in ["a", "fast one", "Größe 2", "_x", "a.b-c_d", "9"]:
		expect_eq(RlExperimentName.problem(good, []), "", good)
	for bad: String in ["a/b", " a", "a.", ".a", "-a", "a:b", "a\\b", "a?", "x".repeat(49)]:
		expect_true(RlExperimentName.problem(bad, []) != "", bad)
	expect_contains(RlExperimentName.problem("Default", ["default"]), "There is an experiment")


func test_colours_and_ticks_outlive_the_editor() -> void:
	var before: RlRunSelection = RlRunSelection.new()
	for run: String in ["a", "b", "c"]:
		before.show_new(run)
	before.set_shown("a", false)
	var after: RlRunSelection = RlRunSelection.new()
	after.load_dict(before.to_dict())
	expect_eq(after.shown(), PackedStringArray(["b", "c"]))
	expect_eq([after.slot("a"), after.slot("b"), after.slot("c")], [0, 1, 2])
	expect_false(after.show_new("a"), "what the user took away stays away")
	expect_false(after.is_shown("a"))
	after.load_dict({"shown": 3, "slots": ["x"], "met": {"y": null}})
	expect_eq(after.shown(), PackedStringArray(["b", "c"]), "odd files change nothing")


func test_a_run_without_anything_to_show_gives_its_colour_back() -> void:
	var selection: RlRunSelection = RlRunSelection.new()
	selection.show_new("failed")
	selection.forget("failed")
	selection.show_new("next")
	expect_eq(selection.slot("next"), 0)
	expect_eq(selection.shown(), PackedStringArray(["next"]))


func test_what_a_run_begins_with_stays_until_that_trains() -> void:
	var state: RlStudioState = RlStudioState.new()
	state.continuation.choose_mode(RlContinuation.RlMode.POLICY)
	state.continuation.choose_run("old")
	state.continuation.begin("new")
	state.continuation.note_run("new", false)
	expect_eq(state.continuation.mode, RlContinuation.RlMode.POLICY, "it failed at once")
	expect_eq(state.continuation.run_id, "old")
	state.continuation.note_run("other", true)
	expect_eq(state.continuation.mode, RlContinuation.RlMode.POLICY, "another run")
	state.continuation.note_run("new", true)
	expect_eq(state.continuation.mode, RlContinuation.RlMode.NOTHING)


func test_runs_of_different_scenes_are_told_apart() -> void:
	var state: RlStudioState = RlStudioState.new()
	var info: Dictionary = {"experiment": "default", "trainer": "sb3", "started": 1.0}
	state.update_run(info.merged({"id": "a", "scene": "res://game.tscn"}))
	expect_eq(RlRunTitles.scene_note(state.run("a"), state.runs), "", "all are of one scene")
	state.update_run(info.merged({"id": "b", "scene": "res://duo.tscn"}))
	expect_true(RlRunTitles.title(state.run("a"), state.runs).ends_with(" · game"))
	expect_eq(RlRunTitles.scene_note(state.run("b"), state.runs), "duo")
	expect_eq(state.run("a").about(), "a\nres://game.tscn\ntrainer sb3")


func test_advice_is_silent_where_the_shares_do_not_bear_it_out() -> void:
	var bottleneck: RlBottleneck = RlBottleneck.new()
	var shares: Dictionary = {"game_share": 0.28, "wire_share": 0.14, "update_share": 0.58}
	bottleneck.add(shares.merged({"bottleneck": "wire", "advice": "The exchange."}))
	expect_eq(bottleneck.advice(), "")
	bottleneck.add(shares.merged({"bottleneck": "update", "advice": "Fewer epochs."}))
	expect_eq(bottleneck.advice(), "Fewer epochs.")


func test_all_wrong_settings_are_told_at_once() -> void:
	var form: RlFormModel = RlFormModel.new()
	var schema: Array[Dictionary] = []
	for key: String in ["one", "two", "three"]:
		schema.append(
			{"key": key, "title": key.capitalize(), "type": "int", "default": 1, "maximum": 5}
		)
	form.load_form(schema, {})
	expect_null(form.problem())
	form.set_value("one", 9)
	form.set_value("three", 9)
	expect_eq(form.problem().message, "2 settings are not right.")
	expect_contains(form.problem().hint, "One: ")
	expect_contains(form.problem().hint, "Three: ")
	expect_eq(form.titled("three: too many"), "Three: too many")
	expect_eq(form.titled("Nothing: is meant"), "Nothing: is meant")


func test_a_log_does_not_say_again_what_the_message_said() -> void:
	var lines: PackedStringArray = ["It fell.", "", "at x.gd:3", "Mend it."]
	var problem: RlProblem = RlProblem.new("It fell.", "Mend it.", lines)
	expect_eq(problem.further_lines(), PackedStringArray(["at x.gd:3"]))


func test_who_closes_the_editor_is_told_what_goes_on() -> void:
	var state: RlStudioState = RlStudioState.new()
	expect_eq(state.closing_text(), "")
	state.update_run({"id": "a", "experiment": "tag", "state": "running"})
	expect_contains(state.closing_text(), "goes on training without the editor")
	state.update_run({"id": "a", "experiment": "tag", "state": "finished"})
	expect_eq(state.closing_text(), "")


func test_pages_become_text_with_links() -> void:
	var lines: PackedStringArray = [
		"# The `Docks`",
		"",
		"One **bold** [link](agents.md#sensors),",
		"and `a[0]`.",
		"",
		"- first",
		"  more",
		"- two",
		"",
		"| a | b |",
		"|---|---|",
		"| 1 \\| 2 | `x` |",
		"",
		"```gdscript",
		"var a: Array[int] = []",
		"```",
	]
	var page: String = "\n".join(lines)
	var blocks: Array[RlMarkdown.RlBlock] = RlMarkdown.blocks(page, [20, 16, 14])
	var texts: PackedStringArray = []
	for block: RlMarkdown.RlBlock in blocks:
		texts.append(block.bbcode)
	expect_eq(blocks[0].anchor, "the-docks")
	expect_contains(texts[1], "[b]bold[/b] [url=agents.md#sensors]link[/url], and [code]a[lb]0]")
	expect_eq(texts[2], "[indent]• first more[/indent]")
	expect_contains(texts[4], "[table=2]")
	expect_contains(texts[4], "1 | 2")
	expect_contains(texts[5], "var a: Array[lb]int] = [lb]]")
	expect_eq(blocks.size(), 6)
