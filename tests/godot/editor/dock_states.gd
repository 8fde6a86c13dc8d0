extends "editor_driver.gd"
## Base of scripts that look at the docks: brings them into each state a user meets, without a
## backend, from the trainers that Python describes and from runs that are made up here.

const RlProblem := preload("res://addons/rl_studio/core/problem.gd")
const RlStudioState := preload("res://addons/rl_studio/core/studio_state.gd")

## The states, in the order in which they can follow each other.
const STATES: PackedStringArray = [
	"offline",
	"no_python",
	"idle",
	"wrong",
	"starting",
	"running",
	"finished",
	"failed",
	"policies",
	"many",
	"names",
	"dialog",
]
const LONG_NAME: String = "pursuit_with_obstacles_and_a_very_long_name"
const LONG_ERROR: String = (
	"res://scenes/arena_with_a_long_name/agents/pursuer_agent.gd:112: Invalid access to property or"
	+ " key 'linear_velocity' on a base object of type 'StaticBody2D (pursuer_agent.gd)'."
)

var state: RlStudioState

var _trainers: Array[Dictionary] = []
var _dialog: Window


## Brings the docks into the state [param wanted] of [constant STATES].
func show_state(wanted: String) -> void:
	if _trainers.is_empty():
		state = train.get(&"_state")
		_trainers = _read_trainers()
	if _dialog != null:
		_dialog.hide()
		_dialog = null
	_forget_runs()
	state.set_problem(null)
	match wanted:
		"offline":
			state.set_link(RlStudioState.RlLink.OFFLINE)
		"no_python":
			_fail_to_connect()
		_:
			_connect()
			call("_show_" + wanted)
	await pause(0.4)


func _read_trainers() -> Array[Dictionary]:
	var found: Array[Dictionary] = []
	var text: String = FileAccess.get_file_as_string(argument("TRAINERS"))
	var answer: Dictionary = JSON.parse_string(text)
	for trainer: Dictionary in answer["trainers"]:
		found.append(trainer)
	return found


func _fail_to_connect() -> void:
	var problem: RlProblem = RlProblem.new(
		"No Python with rl_studio was found.",
		"Press Set up, or choose a Python that has it.",
		PackedStringArray(["/usr/bin/python3: No module named rl_studio"])
	)
	problem.can_choose_python = true
	state.set_link(RlStudioState.RlLink.FAILED, "Not connected", problem)


func _connect() -> void:
	state.backend = {"version": "0.1.0", "pid": 4711, "godot": {"version": "4.6.3"}}
	state.set_trainers(_trainers)
	state.set_experiments(PackedStringArray(["default", LONG_NAME]))
	state.open_experiment("default", "sb3", {})
	state.set_notes({})
	state.set_link(RlStudioState.RlLink.READY, "Connected")


func _forget_runs() -> void:
	state.runs.clear()
	state.set_current_run(null)
	state.runs_changed.emit()


func _show_idle() -> void:
	pass


func _show_wrong() -> void:
	state.form.set_value("learning_rate", 7.0)
	state.form.set_value("gamma", 2.0)
	state.form.set_value("gae_lambda", 3.0)
	state.set_notes(
		{"warnings": ["batch_size 64 does not divide the rollout of 2 × 8 × 33 = 528 steps."]}
	)
	state.set_problem(state.form.problem())


func _show_starting() -> void:
	add_run(0, {"state": "starting", "message": "Loading PyTorch…", "duration_s": 3.0})


func _show_running() -> void:
	add_run(0, {"state": "running", "timesteps": 36_120, "timesteps_per_second": 2841.0})
	add_curve(0, 24)


func _show_finished() -> void:
	add_run(0, {"state": "finished", "reason": "timesteps", "timesteps": 100_000})
	add_curve(0, 60)


func _show_failed() -> void:
	var tail: PackedStringArray = []
	for index: int in 14:
		tail.append(
			"   at: GDScript::call (res://scenes/arena/agents/pursuer.gd:%d)" % (97 + index)
		)
	var error: Dictionary = {
		"message": LONG_ERROR,
		"hint": "Mend the script. The log of the game has all that it printed.",
		"log_tail": Array(tail),
	}
	add_run(0, {"state": "failed", "reason": "crashed", "message": LONG_ERROR, "error": error})


func _show_policies() -> void:
	var results: Dictionary = {
		"evader": {"reward_mean": 0.42, "success_rate": 0.02, "episodes": 7},
		"pursuer_of_the_north": {"reward_mean": 5.1, "success_rate": 0.99, "episodes": 7},
	}
	var warnings: Array = [
		{"message": "The observation 'obs' of evader leaves -10 to 10.", "count": 2},
		{"message": "No episode has ended within 20 000 steps. Call end_episode().", "count": 1},
	]
	var info: Dictionary = {"state": "running", "timesteps": 36_120, "policies": results}
	add_run(0, info.merged({"warnings": warnings, "timesteps_per_second": 2841.0}))
	add_curve(0, 24, ["evader", "pursuer_of_the_north"])


func _show_many() -> void:
	for index: int in 12:
		var ends: Array = ["finished", "failed", "stopped"]
		var info: Dictionary = {"state": ends[index % 3], "timesteps": 20_000 + index * 5000}
		info["reason"] = ["timesteps", "crashed", "interrupted"][index % 3]
		if index % 3 == 1:
			info["error"] = {"message": "A game crashed.", "hint": "", "log_tail": []}
		add_run(index, info)
		if index % 3 != 1:
			add_curve(index, 40)
		state.set_current_run(state.run(_run_id(index)))


func _show_names() -> void:
	state.open_experiment(LONG_NAME, "sb3", {})
	var origin: Dictionary = {"run": _run_id(0), "checkpoint": "step_000000100000"}
	add_run(0, {"state": "finished", "reason": "timesteps", "timesteps": 100_000}, LONG_NAME)
	var info: Dictionary = {"state": "running", "timesteps": 136_120, "resumed_from": origin}
	add_run(1, info.merged({"timesteps_per_second": 11_931.0}), LONG_NAME)
	add_curve(0, 30)
	add_curve(1, 30)


func _show_dialog() -> void:
	var picker: OptionButton = find(train, "Experiment") as OptionButton
	picker.item_selected.emit(picker.item_count - 1)  # a popup's items take no pushed clicks
	_dialog = find(train, "ExperimentBar").get_child(-1) as Window


## Adds a run, number [param index] of the day; [param info] is what it is beside an average one.
func add_run(index: int, info: Dictionary, experiment: String = "default") -> void:
	var whole: Dictionary = {
		"id": _run_id(index),
		"experiment": experiment,
		"trainer": "sb3",
		"scene": "res://scenes/train.tscn",
		"started": Time.get_unix_time_from_system() - 7200.0 + index * 400.0,
		"duration_s": 12.7,
		"timesteps": 0,
		"timesteps_target": 100_000,
		"episode_reward_mean": 9.374 if info.get("timesteps", 0) > 0 else null,
		"success_rate": 0.87 if info.get("timesteps", 0) > 0 else null,
		"checkpoints": 2 if info.get("timesteps", 0) > 0 else 0,
		"message": "",
	}
	whole.merge(info, true)
	if whole.has("policies"):
		whole["episode_reward_mean"] = null
		whole["success_rate"] = null
	state.set_current_run(state.update_run(whole))


## Gives run [param index] a curve of [param count] points, one for each of [param policies].
func add_curve(index: int, count: int, policies: PackedStringArray = []) -> void:
	var samples: Array[Dictionary] = []
	for at: int in count:
		var value: float = 10.0 * (1.0 - exp(-at / 12.0)) + sin(at * 1.7 + index) - index * 0.4
		var sample: Dictionary = {
			"seq": at + 1,
			"timesteps_total": (at + 1) * 1505,
			"env_steps_total": (at + 1) * 188,
			"time_total_s": (at + 1) * 0.53,
			"episode_reward_mean": value,
			"episode_reward_min": value - 3.0,
			"episode_reward_max": value + 2.0,
			"episode_len_mean": 200.0 - value * 9.0,
			"success_rate": clampf(value / 11.0, 0.0, 1.0),
			"throughput":
			{
				"game_share": 0.28,
				"wire_share": 0.14,
				"policy_share": 0.12,
				"update_share": 0.39,
				"other_share": 0.07,
				"timesteps_per_second": 2841.0,
			},
		}
		if not policies.is_empty():
			sample["policies"] = _shares_of(policies, value)
		if at >= 9:
			var evaluation: Dictionary = {"timesteps_total": floori(at / 10.0) * 15_050}
			evaluation.merge({"reward_mean": value + 1.0, "success_rate": 0.8})
			sample["evaluation"] = evaluation
		samples.append(sample)
	state.add_samples(_run_id(index), samples)


func _shares_of(policies: PackedStringArray, value: float) -> Dictionary:
	var shares: Dictionary = {}
	for index: int in policies.size():
		var own: float = value * (1.0 - 1.4 * index)
		shares[policies[index]] = {
			"reward_mean": own, "success_rate": clampf(own / 11.0, 0.0, 1.0), "episodes": 7
		}
	return shares


func _run_id(index: int) -> String:
	return "20261130-1%05d-default-%04x" % [index, index]
