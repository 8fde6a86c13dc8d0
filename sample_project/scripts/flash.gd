extends Node2D
## A ring of light that grows and fades, and a burst of sparks. Base of what arenas show.

const Palette := preload("palette.gd")

const RING_TIME: float = 0.6

var _ring_age: float = RING_TIME
var _ring_at: Vector2 = Vector2.ZERO
var _ring_color: Color = Palette.WIN

@onready var _burst: CPUParticles2D = $Burst


func _process(delta: float) -> void:
	_ring_age += delta
	queue_redraw()
	set_process(_ring_age < RING_TIME)


func _draw() -> void:
	var progress: float = _ring_age / RING_TIME
	if progress >= 1.0:
		return
	var radius: float = 20.0 + 130.0 * ease(progress, 0.35)
	var color: Color = Palette.fade(_ring_color, 1.0 - progress)
	draw_circle(_ring_at, radius, color, false, 6.0 * (1.0 - progress) + 1.0, true)
	draw_circle(_ring_at, radius * 0.7, Palette.fade(color, color.a * 0.4), false, 3.0, true)


func _show_ring(at: Vector2, color: Color) -> void:
	_ring_at = at
	_ring_color = color
	_ring_age = 0.0
	set_process(true)


func _show_burst(at: Vector2) -> void:
	_burst.position = at
	_burst.restart()
