extends RefCounted
## In which tick of the interval each agent decides, and so when its windows open and close. Many
## agents that policies play take turns, so that no frame has to bear the decisions of all.

const RlPilot := preload("pilot.gd")

## Fewer are no burden, and are played as they were trained: all in the same tick.
const MANY: int = 32

## Ticks from one decision to the next.
var interval: int = 1
var may_spread: bool = false
## Whether agents decide in other ticks than the first.
var are_spread: bool = false

var _by_turn: Array[Array] = [[]]


## Gives each of [param pilots] its turn. Those of [param deciders] keep theirs if that is fair.
func share_out(
	pilots: Array[RlPilot], deciders: Array[RlPilot], new_interval: int, may_spread_now: bool
) -> void:
	interval = new_interval
	may_spread = may_spread_now
	are_spread = may_spread and interval > 1 and deciders.size() >= MANY
	if are_spread:
		_spread(deciders)
	else:
		for pilot: RlPilot in deciders:
			pilot.turn = 0
	_by_turn.clear()
	for turn: int in interval:
		_by_turn.append([])
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent != null:
			if agent.controlled_by != RLAgent.Mode.POLICY:
				pilot.turn = 0
			_by_turn[pilot.turn].append(pilot)


func open_windows(turn: int) -> void:
	for pilot: RlPilot in _by_turn[turn]:
		pilot.has_open_window = pilot.has_begun


## Counts a decision of every agent with this turn that has had one.
func close_windows(turn: int) -> void:
	for pilot: RlPilot in _by_turn[turn]:
		if pilot.has_open_window:
			pilot.has_open_window = false
			var agent: RLAgent = pilot.get_agent()
			if agent != null:
				agent.close_window()


func _spread(deciders: Array[RlPilot]) -> void:
	var fair_share: int = ceili(float(deciders.size()) / interval)
	var counts: PackedInt32Array = []
	counts.resize(interval)
	var homeless: Array[RlPilot] = []
	for pilot: RlPilot in deciders:
		var has_turn_already: bool = pilot.decoder != null and pilot.turn < interval
		if has_turn_already and counts[pilot.turn] < fair_share:
			counts[pilot.turn] += 1
		else:
			homeless.append(pilot)
	var turn: int = 0
	for pilot: RlPilot in homeless:
		while counts[turn] >= fair_share:
			turn = (turn + 1) % interval
		counts[turn] += 1
		pilot.turn = turn
