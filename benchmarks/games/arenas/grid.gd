extends Node2D
## Puts 16 arenas side by side.

const COLUMNS: int = 4
const COUNT: int = 16
const SPACING: Vector2 = Vector2(1400.0, 840.0)

@export var arena: PackedScene


func _ready() -> void:
	for number: int in COUNT:
		var copy: Node2D = arena.instantiate()
		copy.position = Vector2(number % COLUMNS, floorf(float(number) / COLUMNS)) * SPACING
		add_child(copy)
