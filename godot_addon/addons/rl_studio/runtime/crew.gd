extends RefCounted
## All agents of a scene, and who steers each until something changes: the trainer, a policy or the
## player.

const Pilot := preload("pilot.gd")
const TrainingSession := preload("training_session.gd")

var pilots: Array[Pilot] = []
## Of these, those that a policy (or chance) steers, and those that the player steers.
var deciders: Array[Pilot] = []
var players: Array[Pilot] = []
## Some have not begun their first episode.
var has_newcomers: bool = false

var _seen_changes: int = -1
var _is_settled: bool = false


## Notices agents that came or went. Cheap while none did.
func sign_up(tree: SceneTree) -> void:
	if _seen_changes == RLAgent.changes:
		return
	_seen_changes = RLAgent.changes
	_is_settled = false
	var known: Dictionary[int, bool] = {}
	for pilot: Pilot in pilots.duplicate():
		if pilot.get_agent() == null:
			pilots.erase(pilot)
		else:
			known[pilot.get_agent().get_instance_id()] = true
	for node: Node in tree.get_nodes_in_group(RLAgent.GROUP):
		var agent: RLAgent = node
		if not known.has(agent.get_instance_id()):
			pilots.append(Pilot.new(agent))
			has_newcomers = true


## Asks for who steers whom to be found out anew: something that decides it has changed.
func unsettle() -> void:
	_is_settled = false


## Settles who steers whom. [param inherited] is the mode of agents without one of their own.
func settle(inherited: RLAgent.Mode, policy: RLPolicy, session: TrainingSession) -> void:
	if _is_settled:
		return
	_is_settled = true
	deciders.clear()
	players.clear()
	for pilot: Pilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null:
			continue
		pilot.settle(inherited, policy, session != null and session.trains(agent))
		if agent.controlled_by == RLAgent.Mode.POLICY:
			deciders.append(pilot)
		elif agent.controlled_by == RLAgent.Mode.HUMAN:
			players.append(pilot)


## Lets policies decide. An agent whose policy does not fit goes to the player. Returns why a
## policy was refused, or "".
func decide() -> String:
	var problem: String = ""
	for pilot: Pilot in deciders:
		if pilot.get_agent() == null or pilot.decide():
			continue
		players.append(pilot)
		_is_settled = false
		problem = pilot.problem
	return problem


## Returns the agents that are there; [param only_training]: those that are to be trained.
func get_agents(inherited: RLAgent.Mode, only_training: bool) -> Array[RLAgent]:
	var agents: Array[RLAgent] = []
	for pilot: Pilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null:
			continue
		var mode: RLAgent.Mode = inherited if agent.mode == RLAgent.Mode.INHERIT else agent.mode
		if not only_training or mode == RLAgent.Mode.TRAINING:
			agents.append(agent)
	return agents


## Ends a tick: restarts every agent, or begins the first episode of newcomers and closes the
## window of the others if it [param is_over].
func end_tick(is_over: bool, must_restart: bool) -> void:
	has_newcomers = false
	for pilot: Pilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null:
			continue
		if must_restart or not pilot.has_begun:
			pilot.has_begun = true
			agent.restart()
		elif is_over:
			agent.close_window()
