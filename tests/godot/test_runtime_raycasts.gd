extends "test_case.gd"
## RLRaycastSensor2D against walls at known distances.

const LAYER: int = 1

var _body: StaticBody2D
var _sensor: RLRaycastSensor2D


func before_each() -> void:
	_body = _add_circle(Vector2.ZERO, 10.0)
	_sensor = RLRaycastSensor2D.new()
	_sensor.ray_count = 4
	_sensor.ray_length = 100.0
	_body.add_child(_sensor)


func test_closeness_all_around() -> void:
	_add_circle(Vector2(60.0, 0.0), 10.0)
	_add_circle(Vector2(0.0, -110.0), 10.0)
	await _settle()
	# -180, -90, 0 and 90 degrees; the body itself is not seen.
	expect_all_near(_sensor.get_observation(), [0.0, 0.0, 0.5, 0.0], 1e-3)


func test_turning_turns_the_fan() -> void:
	_add_circle(Vector2(0.0, 60.0), 10.0)
	_body.rotation_degrees = 90.0
	await _settle()
	expect_all_near(_sensor.get_observation(), [0.0, 0.0, 0.5, 0.0], 1e-3)


func test_narrow_fan_has_rays_on_both_edges() -> void:
	_sensor.ray_count = 3
	_sensor.cone_degrees = 180.0
	_add_circle(Vector2(0.0, 60.0), 10.0)
	await _settle()
	expect_all_near(_sensor.get_observation(), [0.0, 0.0, 0.5], 1e-3)


func test_mask_and_parent() -> void:
	_add_circle(Vector2(60.0, 0.0), 10.0)
	_sensor.collision_mask = 2
	await _settle()
	expect_all_near(_sensor.get_observation(), [0.0, 0.0, 0.0, 0.0])
	_sensor.collision_mask = LAYER
	_sensor.exclude_parent = false
	expect_all_near(_sensor.get_observation(), [1.0, 1.0, 1.0, 1.0])


func test_the_result_is_a_copy() -> void:
	await _settle()
	var first: PackedFloat32Array = _sensor.get_observation()
	first[0] = 5.0
	expect_near(_sensor.get_observation()[0], 0.0)


func _add_circle(at: Vector2, radius: float) -> StaticBody2D:
	var body: StaticBody2D = StaticBody2D.new()
	var shape: CollisionShape2D = CollisionShape2D.new()
	var circle: CircleShape2D = CircleShape2D.new()
	circle.radius = radius
	shape.shape = circle
	body.add_child(shape)
	body.position = at
	add_child(body)
	return body


func _settle() -> void:
	await get_tree().physics_frame
	await get_tree().physics_frame
