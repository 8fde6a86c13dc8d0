extends Dot
## A hit: the game all but stands still for a tenth of a second on the player's clock, as tutorials
## write it.


func _live() -> void:
	if ticks == 20:
		Engine.time_scale = 0.05
		await get_tree().create_timer(0.1, true, false, true).timeout
		Engine.time_scale = 1.0
