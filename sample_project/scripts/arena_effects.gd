extends Node2D
## What is seen when a spark is caught or time runs out. Listens to the arena above it.

const Arena := preload("arena.gd")
const Palette := preload("palette.gd")
const PuckView := preload("puck_view.gd")
const SparkView := preload("spark_view.gd")

const RING_TIME: float = 0.6

var _ring_age: float = RING_TIME
var _ring_at: Vector2 = Vector2.ZERO
var _ring_color: Color = Palette.WIN

@onready var _arena: Arena = get_parent()
@onready var _burst: CPUParticles2D = $Burst
@onready var _puck_view: PuckView = $"../Puck/View"
@onready var _spark_view: SparkView = $"../Target/View"


func _ready() -> void:
	set_process(false)
	if DisplayServer.get_name() == "headless":
		return
	_arena.spark_caught.connect(_on_spark_caught)
	_arena.time_ran_out.connect(_on_time_ran_out)
	_arena.restarted.connect(_on_restarted)


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


func _on_spark_caught(at: Vector2) -> void:
	_show_ring(at, Palette.WIN)
	_burst.position = at
	_burst.restart()


func _on_time_ran_out() -> void:
	_show_ring(_arena.get_puck().position, Palette.LOSS)


func _on_restarted() -> void:
	_puck_view.clear_trail()
	_spark_view.pop()
