@tool
extends Tree
## The checkpoints of a run as a table; the best ones have a star. Where several policies are
## judged, each for itself, each has a column with its reward.

signal checkpoint_chosen(timesteps: int)

const RlFormat := preload("../core/format.gd")
const RlLook := preload("look.gd")
const RlPolicyResults := preload("../core/policy_results.gd")
const RlRead := preload("../core/read.gd")

const TITLES: Dictionary[String, String] = {
	"steps": "Steps",
	"reward": "Reward",
	"evaluation": "Evaluated",
	"success": "Success",
	"age": "Age",
}
## What a column shows of a checkpoint.
const OF_ALL: Dictionary[String, String] = {
	"reward": "episode_reward_mean",
	"evaluation": "evaluation_reward",
	"success": "success_rate",
}
## Columns of policies begin so; their names follow.
const OF_POLICY: String = "policy "
## In a dock narrower than these, a column is left out and stands in the tooltip only.
const NEEDED_WIDTH: Dictionary[String, float] = {"success": 240.0, "age": 280.0}
const EVALUATION_WIDTH: float = 70.0
const STEPS_WIDTH: float = 84.0
## Of the column of a policy. Those that have no room stand in the tooltip only.
const POLICY_WIDTH: float = 56.0

var _checkpoints: Array[Dictionary] = []
var _chosen: Dictionary = {}
var _columns: PackedStringArray = []
var _is_showing: bool = false


func _ready() -> void:
	_fit_columns()
	resized.connect(_on_resized)
	hide_folding = true
	add_theme_constant_override(&"item_margin", RlLook.px(4))
	hide_root = true
	column_titles_visible = true
	select_mode = Tree.SELECT_ROW
	item_selected.connect(_on_item_selected)


## Draws [param checkpoints], of which [param chosen] is marked.
func show_checkpoints(checkpoints: Array[Dictionary], chosen: Dictionary) -> void:
	_is_showing = true
	_checkpoints = checkpoints
	_chosen = chosen
	_fit_columns()
	clear()
	var root: TreeItem = create_item()
	for checkpoint: Dictionary in checkpoints:
		var item: TreeItem = create_item(root)
		for column: int in columns:
			item.set_text(column, _text(checkpoint, _columns[column]))
			item.set_tooltip_text(column, _describe(checkpoint))
		for column: int in columns:
			if _is_best(checkpoint, _columns[column]):
				item.set_icon(column, RlLook.icon(self, &"Favorites"))
		if checkpoint == chosen:
			item.select(0)
	_is_showing = false


## Whether a star belongs into the column: it is the best one, or that of the policy there. The
## first column stands in for policies without one.
func _is_best(checkpoint: Dictionary, column: String) -> bool:
	var policies: PackedStringArray = RlRead.texts(checkpoint, "best_of")
	if column.begins_with(OF_POLICY):
		return column.trim_prefix(OF_POLICY) in policies
	for policy: String in policies:
		if column == "steps" and OF_POLICY + policy not in _columns:
			return true
	return column == "steps" and RlRead.flag(checkpoint, "best")


func _text(checkpoint: Dictionary, column: String) -> String:
	match column:
		"steps":
			return RlFormat.count(RlRead.number(checkpoint, "timesteps"))
		"age":
			return RlFormat.age(_age(checkpoint))
	if column.begins_with(OF_POLICY):
		return _text_of_policy(checkpoint, column.trim_prefix(OF_POLICY))
	if _has_several(checkpoint):
		return ""
	var number: float = RlRead.number(checkpoint, OF_ALL[column])
	return RlFormat.percent(number) if column == "success" else RlFormat.value(number)


## Its reward, without exploration where that is known.
func _text_of_policy(checkpoint: Dictionary, policy: String) -> String:
	var told: Dictionary = RlRead.dict(RlRead.dict(checkpoint, "results"), policy)
	var evaluated: float = RlRead.number(told, "evaluation_reward")
	var reward: float = RlRead.number(told, "reward_mean") if is_nan(evaluated) else evaluated
	return RlFormat.value(reward)


## Whether the checkpoint has no figures of its own, but its policies have.
func _has_several(checkpoint: Dictionary) -> bool:
	return (
		RlRead.dict(checkpoint, "results").size() > 1
		and is_nan(RlRead.number(checkpoint, "episode_reward_mean"))
	)


func _is_evaluated(checkpoint: Dictionary) -> bool:
	if checkpoint.get("evaluation_reward") != null:
		return true
	var results: Dictionary = RlRead.dict(checkpoint, "results")
	for policy: Variant in results:
		if RlRead.dict(results, str(policy)).get("evaluation_reward") != null:
			return true
	return false


## The columns there is something for, as far as there is room.
func _fit_columns() -> void:
	var is_evaluated: bool = _checkpoints.any(_is_evaluated)
	var room: float = size.x - RlLook.px(EVALUATION_WIDTH if is_evaluated else 0.0)
	var wanted: PackedStringArray = []
	for column: String in _find_titles():
		var needed: float = NEEDED_WIDTH.get(column, 0.0)
		var is_empty: bool = column == "evaluation" and not is_evaluated
		if not is_empty and (needed == 0.0 or room >= RlLook.px(needed)):
			wanted.append(column)
	if wanted == _columns:
		return
	_columns = wanted
	columns = wanted.size()
	for column: int in columns:
		var policy: String = wanted[column].trim_prefix(OF_POLICY)
		var title: String = TITLES.get(wanted[column], policy)
		set_column_title(column, title)
		set_column_title_alignment(column, HORIZONTAL_ALIGNMENT_LEFT)
		set_column_clip_content(column, true)
		set_column_custom_minimum_width(column, RlLook.px(STEPS_WIDTH if column == 0 else 40.0))


## All columns that there could be; instead of the common figures those of the policies, as many as
## fit, where there are no common ones.
func _find_titles() -> PackedStringArray:
	if not _checkpoints.any(_has_several):
		return PackedStringArray(TITLES.keys())
	var titles: PackedStringArray = ["steps"]
	var room: float = size.x - RlLook.px(STEPS_WIDTH)
	for checkpoint: Dictionary in _checkpoints:
		for policy: Variant in RlRead.dict(checkpoint, "results"):
			var column: String = OF_POLICY + str(policy)
			if column not in titles and (room >= RlLook.px(POLICY_WIDTH) or titles.size() < 3):
				titles.append(column)
				room -= RlLook.px(POLICY_WIDTH)
	if room >= RlLook.px(POLICY_WIDTH):
		titles.append("age")
	return titles


func _on_resized() -> void:
	var before: PackedStringArray = _columns
	_fit_columns()
	if before != _columns and not _checkpoints.is_empty():
		show_checkpoints(_checkpoints, _chosen)


func _describe(checkpoint: Dictionary) -> String:
	var reasons: Dictionary[String, String] = {
		"periodic": "made while training",
		"best": "made because no other was better",
		"final": "made at the end of the training",
		"interrupted": "made when the training was stopped",
		"error": "made when the training failed",
	}
	var reason: String = RlRead.text(checkpoint, "reason")
	var lines: PackedStringArray = [
		"%d steps, %s" % [RlRead.integer(checkpoint, "timesteps"), reasons.get(reason, reason)]
	]
	if RlRead.flag(checkpoint, "best"):
		lines.append("The best of this run")
	for policy: String in RlRead.texts(checkpoint, "best_of"):
		lines.append("The best for %s" % policy)
	lines.append_array(_describe_results(checkpoint))
	lines.append("%s ago" % RlFormat.age(_age(checkpoint)))
	return "\n".join(lines)


func _describe_results(checkpoint: Dictionary) -> PackedStringArray:
	var lines: PackedStringArray = []
	if not _has_several(checkpoint):
		var evaluated: float = RlRead.number(checkpoint, "evaluation_reward")
		if not is_nan(evaluated):
			lines.append("Reward without exploration: %s" % RlFormat.value(evaluated))
		lines.append("Success: %s" % RlFormat.percent(RlRead.number(checkpoint, "success_rate")))
		return lines
	var results: Dictionary = RlRead.dict(checkpoint, "results")
	for row: PackedStringArray in RlPolicyResults.rows(results):
		var line: String = "%s: reward %s, success %s" % [row[0], row[1], row[2]]
		var evaluated: float = RlRead.number(RlRead.dict(results, row[0]), "evaluation_reward")
		if not is_nan(evaluated):
			line += ", without exploration %s" % RlFormat.value(evaluated)
		lines.append(line)
	return lines


func _age(checkpoint: Dictionary) -> float:
	var created: String = RlRead.text(checkpoint, "created").get_slice(".", 0).trim_suffix("Z")
	if created == "":
		return NAN
	var made: int = Time.get_unix_time_from_datetime_string(created.get_slice("+", 0))
	return Time.get_unix_time_from_system() - made


func _on_item_selected() -> void:
	if not _is_showing and get_selected() != null:
		var index: int = get_selected().get_index()
		checkpoint_chosen.emit(RlRead.integer(_checkpoints[index], "timesteps"))
