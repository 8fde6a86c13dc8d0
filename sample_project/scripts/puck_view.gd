extends Node2D
## Draws the puck: its ring, the flame of its thrust, and the trail it leaves.

const Palette := preload("palette.gd")
const Puck := preload("puck.gd")

const TRAIL_POINTS: int = 34
const TRAIL_STEP: float = 7.0

@export var color: Color = Palette.PUCK

var _flame: Vector2 = Vector2.ZERO
var _trail: PackedVector2Array = []

@onready var _puck: Puck = get_parent()
@onready var _trail_line: Line2D = $Trail


func _ready() -> void:
	set_process(DisplayServer.get_name() != "headless")


func _process(delta: float) -> void:
	_flame = _flame.lerp(_puck.thrust, minf(1.0, delta * 14.0))
	_extend_trail()
	queue_redraw()


func _draw() -> void:
	_draw_flame()
	_draw_body()


## Forgets the trail, when the puck is put somewhere else.
func clear_trail() -> void:
	_trail.clear()


func _draw_body() -> void:
	draw_circle(Vector2.ZERO, Puck.RADIUS, Palette.FLOOR)
	draw_circle(Vector2.ZERO, Puck.RADIUS, Palette.fade(color, 0.3), false, 9.0, true)
	draw_circle(Vector2.ZERO, Puck.RADIUS - 2.0, color.lightened(0.55), false, 4.0, true)
	var glance: Vector2 = _puck.velocity / Puck.TOP_SPEED * 7.0
	draw_circle(glance, 5.0, color, true, -1.0, true)


func _draw_flame() -> void:
	var power: float = _flame.length()
	if power < 0.08:
		return
	var back: Vector2 = -_flame / power
	var side: Vector2 = back.orthogonal() * 9.0
	var root: Vector2 = back * (Puck.RADIUS - 1.0)
	var length: float = 34.0 * power * randf_range(0.85, 1.15)
	var outer: PackedVector2Array = [root + side, root + back * length, root - side]
	var inner: PackedVector2Array = [
		root + side * 0.5, root + back * length * 0.6, root - side * 0.5
	]
	draw_colored_polygon(outer, Palette.fade(Palette.FLAME, 0.75))
	draw_colored_polygon(inner, Palette.FLAME.lightened(0.6))


func _extend_trail() -> void:
	var here: Vector2 = _puck.position
	if not _trail.is_empty() and _trail[-1].distance_to(here) > 150.0:
		_trail.clear()
	if _trail.is_empty() or _trail[-1].distance_to(here) > TRAIL_STEP:
		_trail.append(here)
	elif _puck.velocity.length() < 40.0 and _trail.size() > 1:
		_trail.remove_at(0)
	if _trail.size() > TRAIL_POINTS:
		_trail.remove_at(0)
	_trail_line.points = _trail
	if not _trail.is_empty():
		_trail_line.add_point(here)
	_trail_line.position = -here
