extends TestStage
## Its RLSync goes on while the game is paused.


func _set_up(sync: RLSync) -> void:
	sync.process_mode = Node.PROCESS_MODE_ALWAYS
