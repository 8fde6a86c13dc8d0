extends TestStage
## The game is over after some ticks: the scene is loaded again.

@export var ticks: int = 50

var _left: int = 0


func _ready() -> void:
	super()
	_left = ticks
	for body: Node in find_children("Body*", "Node2D", false, false):
		var tagged: Tagged = body.get_child(0)
		tagged.length = 30


func _physics_process(_delta: float) -> void:
	_left -= 1
	if _left == 0:
		get_tree().reload_current_scene.call_deferred()
