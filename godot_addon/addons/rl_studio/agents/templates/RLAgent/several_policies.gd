# meta-name: Several policies
# meta-description: Two sides with a policy each, which learn against each other (trainer: RLlib).
extends RLAgent
## An agent of one of two sides, each of which learns a policy of its own. As it stands a hunter and
## its prey play tag on a line, so that you can press Train at once: give one agent of the scene the
## Policy Name "hunter", another one "prey", and choose the trainer RLlib. Put your game in its
## place, part by part.

## Agents with one policy name learn together. They see and do the same; others may differ.
const HUNTER: String = "hunter"
const PREY: String = "prey"
## How far both may be from the middle.
const REACH: float = 50.0
## The hunter has won when it is as near as this.
const NEAR: float = 4.0

## Where this agent is. In your game that is the body that it steers.
var place: float = 0.0

var _drive: float = 0.0
## The agent of the other side; null if it is alone.
var _other: RLAgent = null


# Both sides see the same here: where they are, and how far the other one is. If yours see different
# things, ask for policy_name as below.
func _get_observation() -> Variant:
	return PackedFloat32Array([place / REACH, (_get_other_place() - place) / (2.0 * REACH)])


# All agents of one policy name must have the same actions; those of another one may differ.
func _get_action_space() -> Dictionary:
	if policy_name == PREY:
		return {"dodge": {"action_type": "discrete", "size": 3}}
	return {"run": {"action_type": "continuous", "size": 1}}


func _apply_action(action: Dictionary) -> void:
	if policy_name == PREY:
		var dodge: int = action["dodge"]
		_drive = dodge - 1.0
	else:
		var run: PackedFloat32Array = action["run"]
		_drive = run[0]


# Each agent begins episodes by itself. Where one end is the end of all, end the others' too, as
# below.
func _begin_episode() -> void:
	place = randf_range(-REACH, REACH)
	_drive = 0.0
	if _other == null:
		_other = _find_other()


func _physics_process(delta: float) -> void:
	var speed: float = 60.0 if policy_name == HUNTER else 50.0
	place = clampf(place + _drive * speed * delta, -REACH, REACH)
	if policy_name == HUNTER and _other != null:
		_settle(_other)
	# Set Max Episode Steps in the inspector, the same for both: an episode without end teaches
	# nothing.


# One side gives the rewards of both, so that none comes after the end of an episode. What one gains
# the other one loses: both learn for as long as they differ.
func _settle(prey: RLAgent) -> void:
	add_reward(-0.01)
	prey.add_reward(0.01)
	if absf(_get_other_place() - place) < NEAR:
		add_reward(1.0)
		log_metric(&"is_success", 1.0)
		end_episode()
		prey.add_reward(-1.0)
		prey.end_episode()


func _get_other_place() -> float:
	return _other.get(&"place") if _other != null else 0.0


# Among the agents of the scene that have this script.
func _find_other() -> RLAgent:
	for agent: RLAgent in get_tree().get_nodes_in_group(RLAgent.GROUP):
		if agent.get_script() == get_script() and agent.get(&"policy_name") != policy_name:
			return agent
	return null
