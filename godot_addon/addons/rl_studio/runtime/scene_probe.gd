extends RefCounted
## `--rl_studio_probe`: starts a scene only to find out what its agents see and can do, for the
## editor, which cannot ask them. Notes it, prints a line for each agent and ends the game.

const ActionSpace := preload("action_space.gd")
const LaunchOptions := preload("launch_options.gd")
const Observation := preload("observation.gd")
const Pilot := preload("pilot.gd")
const SeenSpaces := preload("seen_spaces.gd")


static func is_wanted(options: LaunchOptions) -> bool:
	return options.has("rl_studio_probe")


## Asks the agents, which have begun their first episode.
static func look_at(pilots: Array[Pilot]) -> void:
	for pilot: Pilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		var space: ActionSpace = pilot.get_space()
		var observation: Observation = Observation.new(agent._get_observation())
		var problem: String = observation.problem
		if problem.is_empty():
			problem = space.problem
		if problem.is_empty():
			SeenSpaces.note(agent, observation.get_shapes(), space.entries)
		var line: Dictionary = {
			"agent": str(agent.get_path()),
			"policy": agent.policy_name,
			"observations": observation.get_shapes(),
			"actions": space.entries,
			"problem": problem,
		}
		print("@AGENT %s" % JSON.stringify(line))
