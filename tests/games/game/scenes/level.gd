extends TestStage
## A level that leads to another scene after some ticks.

@export var ticks: int = 50
@export_file var next: String
## How to get there: by file, packed, or by hand.
@export var way: String = "file"

var _left: int = 0


func _ready() -> void:
	super()
	_left = ticks


func _physics_process(_delta: float) -> void:
	_left -= 1
	if _left != 0:
		return
	match way:
		"file":
			get_tree().change_scene_to_file(next)
		"packed":
			var packed: PackedScene = load(next)
			get_tree().change_scene_to_packed(packed)
		"hand":
			_go.call_deferred()


func _go() -> void:
	var tree: SceneTree = get_tree()
	var packed: PackedScene = load(next)
	var scene: Node = packed.instantiate()
	tree.root.add_child(scene)
	tree.current_scene = scene
	queue_free()
