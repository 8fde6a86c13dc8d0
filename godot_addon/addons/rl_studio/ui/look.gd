@tool
extends RefCounted
## The editor's look: its scale, its icons and colours. Whatever is drawn or measured goes through
## here.

## Colours of runs, good to tell apart on dark and light themes.
const RUN_COLORS: PackedColorArray = [
	Color("#4ea8f5"),
	Color("#f5a04e"),
	Color("#63c777"),
	Color("#e8668b"),
	Color("#b08af0"),
	Color("#d9c04a"),
	Color("#45c4c4"),
	Color("#c98c6a"),
]

## Width of the names before the lists above a form, so that these stand in line.
const NAME_WIDTH: float = 91.0

## Colours of the parts of the wall time, see Bottleneck.
const PART_COLORS: Dictionary[String, Color] = {
	"game": Color("#4ea8f5"),
	"wire": Color("#e8668b"),
	"policy": Color("#63c777"),
	"update": Color("#f5a04e"),
	"other": Color("#8a8f98"),
}


## [param size] in pixels at the editor's scale.
static func px(size: float) -> int:
	return roundi(size * EditorInterface.get_editor_scale())


## An icon of the editor.
static func icon(control: Control, name: StringName) -> Texture2D:
	return control.get_theme_icon(name, &"EditorIcons")


## A colour of the editor's theme, such as error_color or accent_color.
static func color(control: Control, name: StringName) -> Color:
	return control.get_theme_color(name, &"Editor")


## Text that matters less.
static func dim(control: Control) -> void:
	control.add_theme_color_override(&"font_color", faded(control))


## The colour of text that matters less.
static func faded(control: Control) -> Color:
	return Color(control.get_theme_color(&"font_color", &"Label"), 0.6)


## The size of text beside or below what matters more.
static func small(control: Control) -> int:
	return roundi(control.get_theme_font_size(&"font_size", &"Label") * 0.88)


## Makes [param label] speak in the editor's bold font, [param scale] times as large.
static func emphasize(label: Label, scale: float = 1.0) -> void:
	label.add_theme_font_override(&"font", label.get_theme_font(&"bold", &"EditorFonts"))
	var size: int = label.get_theme_font_size(&"main_size", &"EditorFonts")
	label.add_theme_font_size_override(&"font_size", roundi(size * scale))


## Whether [param node] is in a scene that is open in the editor; then it must not take on icons.
static func is_edited(node: Node) -> bool:
	return node.is_inside_tree() and node.is_part_of_edited_scene()
