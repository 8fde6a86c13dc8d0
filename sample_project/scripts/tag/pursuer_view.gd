extends "../puck_view.gd"
## Draws a pursuer: a puck with teeth, turned to where it goes.

const TEETH: int = 9

var _heading: float = 0.0


func _draw_body() -> void:
	if _puck.velocity.length() > 20.0:
		_heading = lerp_angle(_heading, _puck.velocity.angle(), 0.2)
	draw_colored_polygon(_make_teeth(Puck.RADIUS + 4.0), Palette.fade(color, 0.35))
	draw_colored_polygon(_make_teeth(Puck.RADIUS + 1.0), color)
	draw_circle(Vector2.ZERO, Puck.RADIUS - 6.0, Palette.FLOOR, true, -1.0, true)
	var eye: Vector2 = Vector2.from_angle(_heading) * 4.0
	draw_circle(eye, 5.0, color.lightened(0.6), true, -1.0, true)


func _make_teeth(radius: float) -> PackedVector2Array:
	var outline: PackedVector2Array = []
	for corner: int in TEETH * 2:
		var reach: float = radius if corner % 2 == 0 else radius * 0.74
		outline.append(Vector2.from_angle(_heading + corner * PI / TEETH) * reach)
	return outline
