@tool
extends Tree
## The checkpoints of a run as a table.

signal checkpoint_chosen(timesteps: int)

const Format := preload("../core/format.gd")
const Look := preload("look.gd")
const Read := preload("../core/read.gd")

const COLUMNS: PackedStringArray = ["Steps", "Reward", "Success", "Age"]

var _checkpoints: Array[Dictionary] = []
var _chosen: Dictionary = {}
var _is_showing: bool = false


func _ready() -> void:
	_fit_columns()
	resized.connect(_fit_columns)
	hide_folding = true
	add_theme_constant_override(&"item_margin", Look.px(4))
	hide_root = true
	column_titles_visible = true
	select_mode = Tree.SELECT_ROW
	item_selected.connect(_on_item_selected)


## Draws [param checkpoints], of which [param chosen] is marked.
func show_checkpoints(checkpoints: Array[Dictionary], chosen: Dictionary) -> void:
	_is_showing = true
	_checkpoints = checkpoints
	_chosen = chosen
	clear()
	var root: TreeItem = create_item()
	for checkpoint: Dictionary in checkpoints:
		var item: TreeItem = create_item(root)
		var texts: PackedStringArray = [
			Format.count(Read.number(checkpoint, "timesteps")),
			Format.value(Read.number(checkpoint, "episode_reward_mean")),
			Format.percent(Read.number(checkpoint, "success_rate")),
			Format.age(_age(checkpoint)),
		]
		for column: int in columns:
			item.set_text(column, texts[column])
			item.set_tooltip_text(column, _describe(checkpoint))
		if checkpoint == chosen:
			item.select(0)
	_is_showing = false


## In a narrow dock the age is in the tooltip only.
func _fit_columns() -> void:
	var wanted: int = COLUMNS.size() if size.x >= Look.px(260) else COLUMNS.size() - 1
	if columns == wanted:
		return
	columns = wanted
	for column: int in columns:
		set_column_title(column, COLUMNS[column])
		set_column_title_alignment(column, HORIZONTAL_ALIGNMENT_LEFT)
		set_column_clip_content(column, true)
		set_column_custom_minimum_width(column, Look.px(62 if column == 0 else 40))
	if not _checkpoints.is_empty():
		show_checkpoints(_checkpoints, _chosen)


func _describe(checkpoint: Dictionary) -> String:
	var reasons: Dictionary[String, String] = {
		"periodic": "made while training",
		"final": "made at the end of the training",
		"interrupted": "made when the training was stopped",
		"error": "made when the training failed",
	}
	var reason: String = Read.text(checkpoint, "reason")
	return (
		"%d steps, %s\n%s ago"
		% [
			Read.integer(checkpoint, "timesteps"),
			reasons.get(reason, reason),
			Format.age(_age(checkpoint)),
		]
	)


func _age(checkpoint: Dictionary) -> float:
	var created: String = Read.text(checkpoint, "created").get_slice(".", 0).trim_suffix("Z")
	if created == "":
		return NAN
	var made: int = Time.get_unix_time_from_datetime_string(created.get_slice("+", 0))
	return Time.get_unix_time_from_system() - made


func _on_item_selected() -> void:
	if not _is_showing and get_selected() != null:
		var index: int = get_selected().get_index()
		checkpoint_chosen.emit(Read.integer(_checkpoints[index], "timesteps"))
