@tool
extends GridContainer
## The figures of several policies, a row for each.

const RlLook := preload("look.gd")
const RlPolicyResults := preload("../core/policy_results.gd")

const TITLES: PackedStringArray = ["Policy", "Reward", "Success"]
const TIPS: PackedStringArray = [
	"What one policy wins another one may lose, so they have no common figure",
	"Mean reward of the last episodes",
	"Share of the last episodes that were a success, if the game tells",
]

## What is drawn, not to draw it again.
var _shown: Array[PackedStringArray] = []


func _init() -> void:
	columns = TITLES.size()
	add_theme_constant_override(&"v_separation", -2)


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED:
		_shown = []


## Draws [param results], as [RlRunState] has them.
func show_results(results: Dictionary) -> void:
	var rows: Array[PackedStringArray] = RlPolicyResults.rows(results)
	if rows == _shown:
		return
	_shown = rows
	for child: Node in get_children():
		remove_child(child)
		child.queue_free()
	for column: int in columns:
		var title: Label = _add(TITLES[column], column)
		title.tooltip_text = TIPS[column]
		title.mouse_filter = Control.MOUSE_FILTER_PASS
		RlLook.dim(title)
	for row: PackedStringArray in rows:
		for column: int in columns:
			var label: Label = _add(row[column], column)
			if column > 0:
				RlLook.emphasize(label, 1.2)


## The texts of a row; 0 is the first policy.
func get_row(index: int) -> PackedStringArray:
	return _shown[index] if index < _shown.size() else PackedStringArray()


func _add(text: String, column: int) -> Label:
	var label: Label = Label.new()
	label.text = text
	label.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	if column == 0:
		label.clip_text = true
		label.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	add_child(label)
	return label
