# meta-name: Continuous actions
# meta-description: Numbers from -1 to 1, for steering and throttle. Runs as it is: walks to a spot.
# meta-default: true
extends RLAgent
## What this agent sees, does and is rewarded for. As it stands it plays a game of its own, a dot
## that walks to a spot, so that you can press Train at once. Put your game in its place, part by
## part.

## How far the dot and the spot may be from the middle.
const REACH: float = 100.0

# In your game these belong to the body that the agent steers; a line like this brings you there:
# @onready var _body: CharacterBody2D = get_parent()
var _place: Vector2 = Vector2.ZERO
var _spot: Vector2 = Vector2.ZERO
var _drive: Vector2 = Vector2.ZERO
var _distance: float = 0.0


# What the agent sees. Give it all that a good decision needs, and nothing else: mostly what is seen
# from the agent, such as the way to the goal: where to, and how far, which is clear from near by,
# too. Keep numbers between -1 and 1, and their count the same.
func _get_observation() -> Variant:
	var way: Vector2 = _spot - _place
	var ahead: Vector2 = way.normalized()
	return PackedFloat32Array([ahead.x, ahead.y, minf(way.length() / (3.0 * REACH), 1.0)])


# What the agent can do. Each action has a name of your choice; "size" is how many numbers it has.
func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 2}}


# A decision: the numbers of each action, from -1 to 1. It is called once every few physics ticks
# (action_repeat of the RLSync), so keep what was decided and carry it out in _physics_process.
func _apply_action(action: Dictionary) -> void:
	var move: PackedFloat32Array = action["move"]
	_drive = Vector2(move[0], move[1]).limit_length()


# An episode begins: put everything back to a start, best a random one. Not only the agent.
func _begin_episode() -> void:
	_place = _random_place()
	_spot = _random_place()
	_drive = Vector2.ZERO
	_distance = _place.distance_to(_spot)


# What a player would do, for trying the game by hand (mode Human of the RLSync). May be left out.
func _get_human_action() -> Dictionary:
	var keys: Vector2 = Input.get_vector("ui_left", "ui_right", "ui_up", "ui_down")
	return {"move": PackedFloat32Array([keys.x, keys.y])}


func _physics_process(delta: float) -> void:
	_place += _drive * 200.0 * delta
	var distance: float = _place.distance_to(_spot)
	# Small rewards for coming nearer show the way; what is lost by going away is the same amount.
	add_reward((_distance - distance) / REACH)
	_distance = distance
	if distance < 10.0:
		# The reward for what you really want comes first, then the end of the episode.
		add_reward(1.0)
		log_metric(&"is_success", 1.0)
		end_episode()
	elif _place.length() > 3.0 * REACH:
		add_reward(-1.0)
		end_episode()
	# Set Max Episode Steps in the inspector, too: an episode without end teaches nothing.


func _random_place() -> Vector2:
	return Vector2(randf_range(-REACH, REACH), randf_range(-REACH, REACH))
