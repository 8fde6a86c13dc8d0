extends Node3D
## Draws the hopper: it leans into its course, stretches in a jump, and casts a ring on the ground.

const Ground := preload("ground.gd")
const Hopper := preload("hopper.gd")
const Island := preload("island.gd")

const LEAN: float = 0.35

@onready var _hopper: Hopper = get_parent()
@onready var _island: Island = _hopper.get_parent()
@onready var _body: Node3D = $Body
@onready var _ring: Node3D = $Ring


func _ready() -> void:
	set_process(DisplayServer.get_name() != "headless")


func _process(delta: float) -> void:
	var quickly: float = minf(1.0, delta * 12.0)
	var lean: Vector3 = _hopper.velocity / Hopper.SPEED * LEAN
	_body.rotation = _body.rotation.lerp(Vector3(lean.z, 0.0, -lean.x), quickly)
	var stretch: float = 0.0 if _hopper.is_on_floor() else absf(_hopper.velocity.y) * 0.03
	var shape: Vector3 = Vector3(1.0 - stretch * 0.6, 1.0 + stretch, 1.0 - stretch * 0.6)
	_body.scale = _body.scale.lerp(shape, quickly)
	var ground: Ground = _island.get_ground()
	_ring.visible = _hopper.position.y > 0.0 and ground.is_solid(_hopper.position)
	_ring.position.y = 0.04 - _hopper.position.y
	_ring.scale = Vector3.ONE * (1.0 + 0.5 * (_hopper.position.y - Hopper.RADIUS))
