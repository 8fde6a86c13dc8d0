extends Node2D
## Draws floor, grid and walls of a field; once, they never change.

const Field := preload("field.gd")
const Palette := preload("palette.gd")

const CELL: float = 70.0
const CORNER: int = 6
const GLOW_LAYERS: int = 9


func _draw() -> void:
	var field: Rect2 = Rect2(-Field.HALF_SIZE, Field.HALF_SIZE * 2.0)
	draw_rect(field, Palette.FLOOR)
	_draw_grid(field)
	for layer: int in GLOW_LAYERS:
		# Overlapping frames add up to light that fades away from the wall on both sides.
		_draw_frame(field, Palette.fade(Palette.WALL, 0.035), 4.0 + 5.0 * layer)
	_draw_frame(field, Palette.WALL.lightened(0.3), 3.0)


func _draw_grid(field: Rect2) -> void:
	for column: int in range(1, roundi(field.size.x / CELL)):
		var x: float = field.position.x + column * CELL
		draw_line(Vector2(x, field.position.y), Vector2(x, field.end.y), Palette.GRID, 1.5, true)
	var rows: int = roundi(field.size.y / CELL)
	for row: int in range(1, rows):
		var y: float = field.position.y + row * field.size.y / rows
		draw_line(Vector2(field.position.x, y), Vector2(field.end.x, y), Palette.GRID, 1.5, true)


## Draws an outline [param width] wide, its middle on the edge of [param rect].
func _draw_frame(rect: Rect2, color: Color, width: float) -> void:
	var style: StyleBoxFlat = StyleBoxFlat.new()
	style.draw_center = false
	style.border_color = color
	style.set_border_width_all(roundi(width))
	style.set_corner_radius_all(roundi(CORNER + width / 2.0))
	draw_style_box(style, rect.grow(width / 2.0))
