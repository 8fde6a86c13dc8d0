extends TestStage
## One agent sees more than the others of its policy; it is there from the start, or comes later.

@export var after: int = 0


## A dot that sees three numbers.
class Odd:
	extends Dot

	func _get_observation() -> Variant:
		return PackedFloat32Array([x, v, 1.0])


func _ready() -> void:
	super()
	for tick: int in after:
		await get_tree().physics_frame
	spawn("Odd", Odd)
