extends TestStage
## Everything in one episode: a hit stop, a pause, and at its end a reload or another level. Its
## plain twin has none of it.

@export var is_plain: bool = false
@export_file var next: String

var _ticks: int = 0
var _ended: int = 0


func _ready() -> void:
	super()
	Engine.time_scale = 1.0
	for body: Node2D in find_children("Body*", "Node2D", false, false):
		var dot: Dot = body.get_child(0)
		dot.episode_ended.connect(_on_ended.unbind(3))


func _physics_process(_delta: float) -> void:
	_ticks += 1
	if is_plain:
		return
	if _ticks % Dot.LENGTH == 20:
		_stop_for_a_hit()
	elif _ticks % Dot.LENGTH == 40:
		_pause()


func _stop_for_a_hit() -> void:
	Engine.time_scale = 0.05
	await get_tree().create_timer(0.03, true, false, true).timeout
	Engine.time_scale = 1.0


func _pause() -> void:
	get_tree().paused = true
	await get_tree().create_timer(0.2).timeout
	get_tree().paused = false


func _on_ended() -> void:
	_ended += 1
	if is_plain or _ended != count:
		return
	if randf() < 0.5:
		get_tree().reload_current_scene.call_deferred()
	else:
		get_tree().change_scene_to_file.call_deferred(next)
