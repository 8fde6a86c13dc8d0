extends RefCounted
## `--rl_studio_probe`: starts a scene only to find out what its agents see and can do, for the
## editor, which cannot ask them. Notes it, prints a line for each agent and ends the game.

const RlActionSpace := preload("action_space.gd")
const RlLaunchOptions := preload("launch_options.gd")
const RlObservation := preload("observation.gd")
const RlPilot := preload("pilot.gd")
const RlSeenSpaces := preload("seen_spaces.gd")


static func is_wanted(options: RlLaunchOptions) -> bool:
	return options.has("rl_studio_probe")


## Asks the agents, which have begun their first episode.
static func look_at(pilots: Array[RlPilot]) -> void:
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		var space: RlActionSpace = pilot.get_space()
		var observation: RlObservation = RlObservation.new(agent._get_observation())
		var problem: String = observation.problem
		if problem.is_empty():
			problem = space.problem
		if problem.is_empty():
			RlSeenSpaces.note(agent, observation.get_shapes(), space.entries)
		var line: Dictionary = {
			"agent": str(agent.get_path()),
			"policy": agent.policy_name,
			"observations": observation.get_shapes(),
			"actions": space.entries,
			"problem": problem,
		}
		print("@AGENT %s" % JSON.stringify(line))
