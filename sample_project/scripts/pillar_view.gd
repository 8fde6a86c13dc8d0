extends Node2D
## Draws one pillar.

const Field := preload("field.gd")
const Palette := preload("palette.gd")


func _draw() -> void:
	var radius: float = Field.PILLAR_RADIUS
	draw_circle(Vector2.ZERO, radius, Palette.FLOOR.lightened(0.06))
	draw_circle(Vector2.ZERO, radius, Palette.fade(Palette.PILLAR, 0.25), false, 9.0, true)
	draw_circle(Vector2.ZERO, radius - 1.0, Palette.PILLAR, false, 3.0, true)
	draw_circle(Vector2.ZERO, radius * 0.55, Palette.fade(Palette.PILLAR, 0.35), false, 2.0, true)
