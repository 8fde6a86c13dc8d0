extends Node2D
## Draws the spark: a turning star in a pulsing ring.

const Palette := preload("palette.gd")
const Target := preload("target.gd")

var _age: float = 0.0


func _ready() -> void:
	set_process(DisplayServer.get_name() != "headless")


func _process(delta: float) -> void:
	_age += delta
	scale = scale.lerp(Vector2.ONE, minf(1.0, delta * 7.0))
	queue_redraw()


func _draw() -> void:
	var pulse: float = 0.5 + 0.5 * sin(_age * 5.0)
	var ring: float = Target.RADIUS + 5.0 + 4.0 * pulse
	draw_circle(
		Vector2.ZERO, ring, Palette.fade(Palette.SPARK, 0.55 - 0.4 * pulse), false, 2.0, true
	)
	draw_colored_polygon(_make_star(Target.RADIUS + 3.0, 0.42), Palette.SPARK)
	draw_colored_polygon(_make_star(Target.RADIUS * 0.62, 0.5), Palette.SPARK.lightened(0.75))


## Grows from nothing, at a new place.
func pop() -> void:
	scale = Vector2(0.05, 0.05)


func _make_star(radius: float, waist: float) -> PackedVector2Array:
	var star: PackedVector2Array = []
	for corner: int in 8:
		var reach: float = radius if corner % 2 == 0 else radius * waist
		star.append(Vector2.from_angle(_age * 1.4 + corner * PI / 4.0) * reach)
	return star
