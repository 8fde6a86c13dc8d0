extends TestStage
## Nobody is there for ten seconds.


func _ready() -> void:
	super()
	await get_tree().create_timer(10.0).timeout
	for index: int in 3:
		var late: Tagged = spawn("Late%d" % index)
		late.length = 16
