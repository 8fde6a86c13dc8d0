extends MultiMeshInstance3D
## Draws the tiles that are there; only where somebody can see them.

const Ground := preload("ground.gd")

@onready var _ground: Ground = get_parent()


func _ready() -> void:
	if DisplayServer.get_name() != "headless":
		_ground.changed.connect(_on_ground_changed)


func _on_ground_changed() -> void:
	var solid: PackedInt32Array = _ground.get_solid()
	multimesh.instance_count = solid.size()
	for index: int in solid.size():
		var at: Vector3 = _ground.get_place(solid[index]) + Vector3.DOWN * (Ground.HEIGHT / 2.0)
		multimesh.set_instance_transform(index, Transform3D(Basis.IDENTITY, at))
		# A shade of its own for each tile, the same in every round.
		var shade: float = fposmod(sin(solid[index] * 12.9898) * 43758.5453, 1.0)
		multimesh.set_instance_custom_data(index, Color(shade, 0.0, 0.0))
