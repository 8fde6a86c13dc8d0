extends Dot
## Half an episode in slow motion, then as fast as ever.


func _live() -> void:
	if ticks == 16:
		Engine.time_scale = 0.5
	elif ticks == 48:
		Engine.time_scale = 1.0
