extends TestStage
## Bodies die at the end of their episodes and are made anew, in the same tick or later.

@export var gap: int = 0


func _ready() -> void:
	super()
	for body: Node2D in find_children("Body*", "Node2D", false, false):
		_wire(body)


func _wire(body: Node2D) -> void:
	var tagged: Tagged = body.get_child(0)
	tagged.length = 20 + 3 * tagged.number % 7
	tagged.episode_ended.connect(_on_over.bind(body).unbind(3))


func _on_over(body: Node2D) -> void:
	body.queue_free()
	_renew.call_deferred()


func _renew() -> void:
	for tick: int in gap:
		await get_tree().physics_frame
	var born: RLAgent = spawn("Body")
	var body: Node2D = born.get_parent()
	_wire(body)
