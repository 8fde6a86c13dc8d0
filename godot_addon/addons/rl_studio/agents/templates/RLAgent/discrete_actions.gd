# meta-name: Discrete actions
# meta-description: One choice of several, for turns, jumps and menus. Runs as it is: finds a door.
extends RLAgent
## What this agent sees, does and is rewarded for. As it stands it plays a game of its own, a
## corridor with a door at one end, so that you can press Train at once. Put your game in its place,
## part by part.

## What the agent chooses from. The number of a choice is what _apply_action gets.
enum Step { STAY, LEFT, RIGHT }

## Places of the corridor, from 0.
const LENGTH: int = 9

# In your game these belong to the body that the agent steers; a line like this brings you there:
# @onready var _body: CharacterBody2D = get_parent()
var _place: int = 0
var _door: int = 0


# What the agent sees. Give it all that a good decision needs, and nothing else. Keep numbers
# between -1 and 1, and their count the same. One of several kinds is a number for each kind, 1 for
# the one that it is and 0 for all others.
func _get_observation() -> Variant:
	return PackedFloat32Array([float(_place) / LENGTH, float(_door - _place) / LENGTH])


# What the agent can do. Each action has a name of your choice; "size" is the number of choices.
# There can be several actions, which are decided at once, and continuous ones among them.
func _get_action_space() -> Dictionary:
	return {"step": {"action_type": "discrete", "size": Step.size()}}


# What is allowed now: true or false for each choice. May be left out. It saves a trainer from
# learning what cannot be done anyway (set the algorithm to Maskable PPO).
func _get_action_mask() -> Dictionary:
	return {"step": [true, _place > 0, _place < LENGTH - 1]}


# A decision: the number of the choice. Called once every few physics ticks (action_repeat of the
# RLSync). What takes longer is carried out in _physics_process.
func _apply_action(action: Dictionary) -> void:
	var step: int = action["step"]
	match step:
		Step.LEFT:
			_place = maxi(0, _place - 1)
		Step.RIGHT:
			_place = mini(LENGTH - 1, _place + 1)
	# Time costs a little, so that the shortest way is the best.
	add_reward(-0.05)
	if _place == _door:
		# The reward for what you really want comes first, then the end of the episode.
		add_reward(1.0)
		log_metric(&"is_success", 1.0)
		end_episode()


# An episode begins: put everything back to a start, best a random one. Not only the agent.
func _begin_episode() -> void:
	_place = floori(LENGTH / 2.0)
	_door = 0 if randf() < 0.5 else LENGTH - 1


# What a player would do, for trying the game by hand (mode Human of the RLSync). May be left out.
func _get_human_action() -> Dictionary:
	if Input.is_action_just_pressed("ui_left"):
		return {"step": Step.LEFT}
	return {"step": Step.RIGHT if Input.is_action_just_pressed("ui_right") else Step.STAY}

# Set Max Episode Steps in the inspector, too: an episode without end teaches nothing.
