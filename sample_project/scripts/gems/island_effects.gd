extends Node3D
## What is seen when a gem is taken or the hopper falls. Listens to the island above it.

const Island := preload("island.gd")
const Palette := preload("../palette.gd")

@onready var _island: Island = get_parent()
@onready var _burst: CPUParticles3D = $Burst


func _ready() -> void:
	if DisplayServer.get_name() == "headless":
		return
	_island.gem_taken.connect(_burst_at.bind(Palette.SPARK))
	_island.hopper_lost.connect(_burst_at.bind(Palette.LOSS))


func _burst_at(at: Vector3, color: Color) -> void:
	_burst.position = at
	_burst.color = color
	_burst.restart()
