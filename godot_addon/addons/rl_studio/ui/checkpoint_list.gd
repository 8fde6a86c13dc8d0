@tool
extends Tree
## The checkpoints of a run as a table; the best ones have a star. Where several policies are
## judged, each for itself, the columns have their figures one beside the other.

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
## The same of each of its policies.
const OF_POLICIES: Dictionary[String, String] = {
	"reward": "reward_mean",
	"evaluation": "evaluation_reward",
	"success": "success_rate",
}
## In a dock narrower than these, a column is left out and stands in the tooltip only.
const NEEDED_WIDTH: Dictionary[String, float] = {"success": 240.0, "age": 280.0}
const EVALUATION_WIDTH: float = 70.0

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
		if RlRead.flag(checkpoint, "best") or not RlRead.texts(checkpoint, "best_of").is_empty():
			item.set_icon(0, RlLook.icon(self, &"Favorites"))
		if checkpoint == chosen:
			item.select(0)
	_is_showing = false


func _text(checkpoint: Dictionary, column: String) -> String:
	match column:
		"steps":
			return RlFormat.count(RlRead.number(checkpoint, "timesteps"))
		"age":
			return RlFormat.age(_age(checkpoint))
	if _has_several(checkpoint):
		return RlPolicyResults.short(RlRead.dict(checkpoint, "results"), OF_POLICIES[column])
	var number: float = RlRead.number(checkpoint, OF_ALL[column])
	return RlFormat.percent(number) if column == "success" else RlFormat.value(number)


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
	for column: String in TITLES:
		var needed: float = NEEDED_WIDTH.get(column, 0.0)
		var is_empty: bool = column == "evaluation" and not is_evaluated
		if not is_empty and (needed == 0.0 or room >= RlLook.px(needed)):
			wanted.append(column)
	if wanted == _columns:
		return
	_columns = wanted
	columns = wanted.size()
	for column: int in columns:
		set_column_title(column, TITLES[wanted[column]])
		set_column_title_alignment(column, HORIZONTAL_ALIGNMENT_LEFT)
		set_column_clip_content(column, true)
		set_column_custom_minimum_width(column, RlLook.px(62 if column == 0 else 40))


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
