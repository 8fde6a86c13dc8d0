@tool
extends OptionButton
## Which preset the form has the values of; choosing one sets them.

signal preset_chosen(index: int)

const RlPreset := preload("../core/preset.gd")
const RlPresetChoice := preload("../core/preset_choice.gd")


func _ready() -> void:
	item_selected.connect(func(index: int) -> void: preset_chosen.emit(index))


## Draws [param choice].
func show_choice(choice: RlPresetChoice) -> void:
	clear()
	for index: int in choice.presets.size():
		var preset: RlPreset = choice.presets[index]
		add_item(preset.title)
		var settings: PackedStringArray = choice.settings(index)
		if settings.is_empty():
			settings.append("Sets back what the other presets set.")
		set_item_tooltip(index, "%s\n\n%s" % [preset.reason, "\n".join(settings)])
	add_item("Custom")
	set_item_disabled(item_count - 1, true)
	select(choice.current() if choice.current() != RlPresetChoice.CUSTOM else item_count - 1)
	tooltip_text = get_item_tooltip(selected)
	if choice.current() == RlPresetChoice.CUSTOM:
		tooltip_text = "The settings are those of no preset."
