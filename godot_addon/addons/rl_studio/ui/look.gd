@tool
extends RefCounted
## The editor's look: its scale, its icons and colours. Whatever is drawn or measured goes through
## here.

## Colours of runs, good to tell apart; where one would be hard to see, [method seen] changes it.
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

## The least contrast of lines, swatches and icons to what is behind them.
const CONTRAST: float = 3.0

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


## The colour of the curves of a run, by the number of its place.
static func run_color(control: Control, slot: int) -> Color:
	return seen(control, RUN_COLORS[slot % RUN_COLORS.size()])


## The colour of a part of the wall time, see Bottleneck.
static func part_color(control: Control, part: String) -> Color:
	return seen(control, PART_COLORS[part])


## [param wanted], as far darker or lighter as it takes to stand out from the editor's background.
static func seen(control: Control, wanted: Color) -> Color:
	var background: Color = control.get_theme_color(&"base_color", &"Editor")
	var is_dark: bool = background.get_luminance() < 0.5
	var readable: Color = wanted
	for _step: int in 20:
		if contrast(readable, background) >= CONTRAST:
			break
		readable = readable.lightened(0.06) if is_dark else readable.darkened(0.06)
	return readable


## How much two opaque colours differ for the eye, 1 to 21, as WCAG defines it.
static func contrast(a: Color, b: Color) -> float:
	var first: float = _luminance(a) + 0.05
	var second: float = _luminance(b) + 0.05
	return maxf(first, second) / minf(first, second)


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


static func _luminance(of: Color) -> float:
	var linear: Color = of.srgb_to_linear()
	return 0.2126 * linear.r + 0.7152 * linear.g + 0.0722 * linear.b
