extends MeshInstance3D
## Draws a gem: an eight-sided stone that turns and bobs.

const WIDTH: float = 0.48
const HEIGHT: float = 0.7
const TURN: float = 1.6

var _age: float = 0.0


func _ready() -> void:
	var is_seen: bool = DisplayServer.get_name() != "headless"
	set_process(is_seen)
	if is_seen:
		mesh = _make_stone()
		_age = randf_range(0.0, TAU)


func _process(delta: float) -> void:
	_age += delta
	rotation.y = _age * TURN
	position.y = 0.12 * sin(_age * 2.4)


func _make_stone() -> ArrayMesh:
	var surface: SurfaceTool = SurfaceTool.new()
	surface.begin(Mesh.PRIMITIVE_TRIANGLES)
	surface.set_smooth_group(-1)
	for side: int in 4:
		var one: Vector3 = Vector3.RIGHT.rotated(Vector3.UP, side * PI / 2.0) * WIDTH
		var next: Vector3 = Vector3.RIGHT.rotated(Vector3.UP, (side + 1) * PI / 2.0) * WIDTH
		for corner: Vector3 in [Vector3.UP * HEIGHT, next, one, Vector3.DOWN * HEIGHT, one, next]:
			surface.add_vertex(corner)
	surface.generate_normals()
	return surface.commit()
