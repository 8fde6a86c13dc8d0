extends Dot
## An options menu: another physics rate, chosen while the game runs.


func _live() -> void:
	if ticks == 16:
		Engine.physics_ticks_per_second = 30
	elif ticks == 48:
		Engine.physics_ticks_per_second = 60
