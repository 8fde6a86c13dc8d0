extends TestStage
## Waves of enemies, each larger than the one before, with nobody in between.

@export var pause_s: float = 2.0

var _wave: int = 0
var _is_over: bool = false


func _ready() -> void:
	super()
	_begin_wave()


func _begin_wave() -> void:
	_wave += 1
	_is_over = false
	for index: int in _wave:
		var enemy: Tagged = spawn("Wave%dEnemy%d" % [_wave, index])
		enemy.length = 40
		enemy.episode_ended.connect(_on_over.bind(enemy.get_parent()).unbind(3))


func _on_over(body: Node) -> void:
	if body.is_queued_for_deletion():
		return
	body.queue_free()
	body.tree_exited.connect(_on_gone, CONNECT_DEFERRED)


func _on_gone() -> void:
	if not is_inside_tree() or _is_over:
		return
	if not find_children("Wave*", "Node2D", false, false).is_empty():
		return
	_is_over = true
	await get_tree().create_timer(pause_s).timeout
	_wave = _wave % 4
	_begin_wave()
