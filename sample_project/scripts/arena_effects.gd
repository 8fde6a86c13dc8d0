extends "flash.gd"
## What is seen when a spark is caught or time runs out. Listens to the arena above it.

const Arena := preload("arena.gd")
const PuckView := preload("puck_view.gd")
const SparkView := preload("spark_view.gd")

@onready var _arena: Arena = get_parent()
@onready var _puck_view: PuckView = $"../Puck/View"
@onready var _spark_view: SparkView = $"../Target/View"


func _ready() -> void:
	set_process(false)
	if DisplayServer.get_name() == "headless":
		return
	_arena.spark_caught.connect(_on_spark_caught)
	_arena.time_ran_out.connect(_on_time_ran_out)
	_arena.restarted.connect(_on_restarted)


func _on_spark_caught(at: Vector2) -> void:
	_show_ring(at, Palette.WIN)
	_show_burst(at)


func _on_time_ran_out() -> void:
	_show_ring(_arena.get_puck().position, Palette.LOSS)


func _on_restarted() -> void:
	_puck_view.clear_trail()
	_spark_view.pop()
