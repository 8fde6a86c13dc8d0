extends RefCounted
## Which episodes of one policy count in an evaluation, and how many are left to play.

const RlEpisode := preload("episode.gd")
const RlPilot := preload("pilot.gd")


## One episode that counts.
class RlEntry:
	extends RefCounted
	var agent: RLAgent
	var path: String
	var policy_name: String
	var episode: RlEpisode
	## It was ended because it lasted too long.
	var is_cut: bool = false


## Episodes to play.
var _wanted: int
var _counted: int = 0
## By agent, how many episodes it has still to begin.
var _quotas: Dictionary[RlPilot, int] = {}
## What nobody has to play: those who come or have played their share take of it.
var _pool: int = 0
var _running: Dictionary[RlPilot, RlEntry] = {}


func _init(wanted: int) -> void:
	_wanted = wanted


func get_agent_count() -> int:
	return _quotas.size()


## Returns the episodes that are going on and count.
func get_running() -> Array[RlEntry]:
	return _running.values()


func is_complete() -> bool:
	return _counted >= _wanted


func join(pilot: RlPilot) -> void:
	_quotas[pilot] = 0


## Gives all that have joined their share of the episodes.
func share_out() -> void:
	var index: int = 0
	for pilot: RlPilot in _quotas:
		var extra: int = 1 if index < _wanted % _quotas.size() else 0
		_quotas[pilot] = floori(float(_wanted) / _quotas.size()) + extra
		index += 1


## An agent's episode begins: it counts if the agent has episodes left to play.
func begin(pilot: RlPilot) -> void:
	if _quotas[pilot] > 0:
		_quotas[pilot] -= 1
	elif _pool > 0:
		_pool -= 1
	else:
		return
	var entry: RlEntry = RlEntry.new()
	entry.agent = pilot.get_agent()
	entry.path = str(entry.agent.get_path())
	entry.policy_name = entry.agent.policy_name
	entry.episode = entry.agent.episode
	_running[pilot] = entry


## An agent's episode has ended. Returns it if it counts, else null.
func end(pilot: RlPilot) -> RlEntry:
	if not _running.has(pilot):
		return null
	var entry: RlEntry = _running[pilot]
	_running.erase(pilot)
	_counted += 1
	return entry


## An agent has gone: others play what it has not. Returns the episode that this cut, if it counts.
func leave(pilot: RlPilot) -> RlEntry:
	if not _quotas.has(pilot):
		return null
	_pool += _quotas[pilot]
	_quotas.erase(pilot)
	if _running.has(pilot) and _running[pilot].episode.length == 0:
		# It had only just begun.
		if not _running[pilot].episode.is_over:
			_running.erase(pilot)
			_pool += 1
	return end(pilot)
