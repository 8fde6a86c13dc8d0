extends "../flash.gd"
## What is seen when the evader is caught or has held out. Listens to the arena above it.

const Arena := preload("arena.gd")
const PuckView := preload("../puck_view.gd")

@onready var _arena: Arena = get_parent()
@onready var _views: Array[PuckView] = [$"../Evader/View", $"../Pursuer1/View", $"../Pursuer2/View"]


func _ready() -> void:
	set_process(false)
	if DisplayServer.get_name() == "headless":
		return
	_arena.evader_caught.connect(_on_evader_caught)
	_arena.evader_escaped.connect(_on_evader_escaped)
	_arena.round_began.connect(_on_round_began)


func _on_evader_caught(at: Vector2) -> void:
	_show_ring(at, Palette.SPARK)
	_show_burst(at)


func _on_evader_escaped(at: Vector2) -> void:
	_show_ring(at, Palette.WIN)


func _on_round_began() -> void:
	for view: PuckView in _views:
		view.clear_trail()
