extends TestStage
## Five agents, and room for three.

@export var rows: int = 3


func _set_up(sync: RLSync) -> void:
	sync.agent_rows = {"shared_policy": rows}
