@tool
@icon("../icons/rl_raycast_sensor_2d.svg")
class_name RLRaycastSensor2D
extends Node2D
## A fan of rays that tells an agent how close things are.
##
## Put it below the body it looks out of and append [method get_observation] to the agent's
## observation. The fan is centred on the node's +x axis.
##
## @tutorial(How to write an agent): res://addons/rl_studio/manual/agents.md

## Of the rays that are drawn.
const RAY_COLOR: Color = Color(0.55, 0.65, 0.95, 0.35)
## Of the points where they meet something.
const HIT_COLOR: Color = Color(0.99, 0.5, 0.5, 0.9)

## Number of rays, and of the numbers that [method get_observation] returns.
@export_range(1, 360, 1, "or_greater") var ray_count: int = 16:
	set(value):
		ray_count = maxi(1, value)
		_directions.clear()
		queue_redraw()
## Length of the rays in pixels, before the scale of the node. What is further away is not seen.
@export_range(1.0, 3000.0, 1.0, "or_greater", "suffix:px") var ray_length: float = 200.0:
	set(value):
		ray_length = maxf(1.0, value)
		queue_redraw()
## Angle of the fan in degrees, half of it on each side of the node's +x axis. 360 looks all around.
@export_range(1.0, 360.0, 1.0, "suffix:°") var cone_degrees: float = 360.0:
	set(value):
		cone_degrees = clampf(value, 0.0, 360.0)
		_directions.clear()
		queue_redraw()
## Physics layers that the rays see.
@export_flags_2d_physics var collision_mask: int = 1
## Whether they see bodies, such as walls and characters.
@export var hit_bodies: bool = true
## Whether they see [Area2D]s.
@export var hit_areas: bool = false
## The rays start inside the parent's shape; without this they would all hit it.
@export var exclude_parent: bool = true
## Draw the rays, in the editor and while the game runs.
@export var debug_draw: bool = false:
	set(value):
		debug_draw = value
		queue_redraw()

var _directions: PackedVector2Array = []
var _closeness: PackedFloat32Array = []
var _query: PhysicsRayQueryParameters2D = PhysicsRayQueryParameters2D.new()


func _draw() -> void:
	if not debug_draw and not Engine.is_editor_hint():
		return
	_update_directions()
	for index: int in ray_count:
		var closeness: float = 0.0 if Engine.is_editor_hint() else _closeness[index]
		var end: Vector2 = _directions[index] * ray_length * (1.0 - closeness)
		draw_line(Vector2.ZERO, end, RAY_COLOR, 1.0, true)
		if closeness > 0.0:
			draw_circle(end, 3.0, HIT_COLOR)


## Returns [member ray_count] numbers, one for each ray, in clockwise order: 0 = nothing within
## [member ray_length], and closer to 1 the nearer it is. Call it in the physics tick, as
## [method RLAgent._get_observation] is.
func get_observation() -> PackedFloat32Array:
	_update_directions()
	var space: PhysicsDirectSpaceState2D = get_world_2d().direct_space_state
	var to_world: Transform2D = global_transform
	var from: Vector2 = to_world.origin
	_prepare_query(from)
	for index: int in ray_count:
		var to: Vector2 = to_world * (_directions[index] * ray_length)
		_query.to = to
		var hit: Dictionary = space.intersect_ray(_query)
		if hit.is_empty():
			_closeness[index] = 0.0
		else:
			var point: Vector2 = hit["position"]
			_closeness[index] = 1.0 - from.distance_to(point) / from.distance_to(to)
	if debug_draw:
		queue_redraw()
	return _closeness.duplicate()


func _prepare_query(from: Vector2) -> void:
	_query.from = from
	_query.collision_mask = collision_mask
	_query.collide_with_bodies = hit_bodies
	_query.collide_with_areas = hit_areas
	_query.hit_from_inside = true
	var excluded: Array[RID] = []
	var parent: CollisionObject2D = get_parent() as CollisionObject2D
	if exclude_parent and parent != null:
		excluded.append(parent.get_rid())
	_query.exclude = excluded


func _update_directions() -> void:
	if _directions.size() == ray_count:
		return
	_directions.clear()
	_closeness.resize(ray_count)
	_closeness.fill(0.0)
	var cone: float = deg_to_rad(cone_degrees)
	# A full circle must not look twice along the same line.
	var gaps: int = ray_count if cone_degrees >= 360.0 else maxi(1, ray_count - 1)
	for index: int in ray_count:
		_directions.append(Vector2.from_angle(cone * index / gaps - cone / 2.0))
