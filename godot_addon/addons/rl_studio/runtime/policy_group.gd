extends RefCounted
## The agents that one policy plays. It decides for all those whose turn it is in one call: they
## all observe, then they all act, as in training.

const RlActionDecoder := preload("policy/action_decoder.gd")
const RlNotices := preload("notices.gd")
const RlObservation := preload("observation.gd")
const RlOutputChoice := preload("policy/output_choice.gd")
const RlPilot := preload("pilot.gd")
const RlPolicyFit := preload("policy_fit.gd")
const RlPolicyInputs := preload("policy_inputs.gd")
const RlSeenSpaces := preload("seen_spaces.gd")

const OUTPUT: String = "output"
const LOG_STD: String = "log_std"
const STATE_INPUT: String = "state_ins"
const MASK_INPUT: String = "action_masks"
const STATE_OUTPUT: String = "state_outs"
const MAIN: PackedStringArray = [OUTPUT]
const NOTHING: PackedByteArray = []

## Why the policy was refused last, for any agent. Empty = it was not.
var problem: String = ""

var _policy: RLPolicy
## By turn.
var _pilots: Array[Array] = []
var _inputs: RlPolicyInputs = null
var _memory_size: int = 0
## Of the masks that the policy itself takes.
var _mask_size: int = 0
## Needs nothing but the main output: the fastest way will do for a single agent.
var _is_plain: bool = false
var _decoders: Array[RlActionDecoder] = []
## By reason, the agents that the policy was refused for in the decision going on.
var _refusals: Dictionary[String, Array] = {}


func _init(policy: RLPolicy) -> void:
	_policy = policy


## Forgets all agents; there will be [param turns] turns.
func clear(turns: int) -> void:
	_pilots.clear()
	for turn: int in turns:
		_pilots.append([])


func add(pilot: RlPilot) -> void:
	_pilots[pilot.turn].append(pilot)


## Decides for the agents whose turn it is. [param rng] draws where agents sample their actions.
## Returns those that the policy does not fit: the player steers them now.
func decide(turn: int, rng: RandomNumberGenerator) -> Array[RlPilot]:
	var refused: Array[RlPilot] = []
	var rows: Array[RlPilot] = _observe(_pilots[turn])
	if not rows.is_empty():
		var outputs: Dictionary[String, PackedFloat32Array] = _run(rows)
		if not outputs.is_empty():
			_act(rows, outputs, rng)
		else:
			for pilot: RlPilot in rows:
				_refuse(pilot, "it could not be run; the reason was reported before this")
	for reason: String in _refusals:
		_report(reason)
		for pilot: RlPilot in _refusals[reason]:
			refused.append(pilot)
	_refusals.clear()
	return refused


# Returns the agents that the policy can decide for now, in the order of the inputs.
func _observe(pilots: Array) -> Array[RlPilot]:
	var rows: Array[RlPilot] = []
	if _inputs != null:
		_inputs.clear()
	for pilot: RlPilot in pilots:
		var agent: RLAgent = pilot.get_agent()
		if agent == null or not pilot.has_begun:
			continue
		if agent.controlled_by != RLAgent.Mode.POLICY:
			continue
		var raw: Variant = agent._get_observation()
		if pilot.decoder == null and not _accept(pilot, raw):
			continue
		var reason: String = _inputs.add(raw)
		if reason.is_empty():
			rows.append(pilot)
		else:
			_refuse(pilot, reason)
	return rows


# Whether the policy fits, at the first decision of an agent.
func _accept(pilot: RlPilot, raw: Variant) -> bool:
	var observation: RlObservation = RlObservation.new(raw)
	if observation.problem.is_empty() and pilot.get_space().problem.is_empty():
		RlSeenSpaces.note(pilot.get_agent(), observation.get_shapes(), pilot.get_space().entries)
	var wanted: String = pilot.get_agent().policy_output
	var problems: PackedStringArray = RlPolicyFit.compare(
		_policy, observation, pilot.get_space(), wanted
	)
	if not problems.is_empty():
		_refuse(pilot, "; ".join(problems))
		return false
	if _inputs == null:
		_inputs = RlPolicyInputs.new(_policy.get_input_sizes())
		_memory_size = _policy.get_memory_size()
		_mask_size = _policy.get_mask_size()
		_is_plain = _memory_size + _mask_size == 0 and _policy.get_input_sizes().size() == 1
		_tell_of_other_pace()
	pilot.choice = RlOutputChoice.new(_policy, wanted)
	pilot.decoder = _get_decoder(pilot.get_space().entries, pilot.choice.width)
	pilot.forget()
	return true


# What was learned with decisions that last longer, or shorter, may not do here.
func _tell_of_other_pace() -> void:
	var told: Variant = _policy.metadata.get("action_repeat")
	if not typeof(told) in [TYPE_INT, TYPE_FLOAT]:
		return
	var learned: int = told
	var interval: int = _pilots.size()
	if learned != interval:
		(
			RlNotices
			. tell(
				"action_repeat %s" % _policy.resource_path,
				(
					(
						"the policy %s was trained with decisions every %d ticks, and plays with one every"
						+ " %d: set action_repeat of the RLSync to %d, or train it again"
					)
					% [_policy.resource_path, learned, interval, learned]
				)
			)
		)


func _get_decoder(space: Dictionary, width: int) -> RlActionDecoder:
	for decoder: RlActionDecoder in _decoders:
		if decoder.suits(space, width):
			return decoder
	_decoders.append(RlActionDecoder.new(space, _policy.metadata, width))
	return _decoders[-1]


func _run(rows: Array[RlPilot]) -> Dictionary[String, PackedFloat32Array]:
	var is_single: bool = rows.size() == 1 and rows[0].choice.names == MAIN
	if _is_plain and is_single and not rows[0].get_agent().sample_actions:
		var only: PackedFloat32Array = _inputs.rows.values()[0]
		var output: PackedFloat32Array = _policy.run_flat(only)
		if not output.is_empty():
			return {OUTPUT: output}
		return {}
	if _memory_size > 0:
		var memory: PackedFloat32Array = []
		for pilot: RlPilot in rows:
			memory.append_array(pilot.get_memory(_memory_size))
		_inputs.rows[STATE_INPUT] = memory
	if _mask_size > 0:
		_inputs.rows[MASK_INPUT] = _gather_masks(rows)
	return _policy.run_batch(_inputs.rows, rows.size())


# 1 for each choice that is allowed, else 0.
func _gather_masks(rows: Array[RlPilot]) -> PackedFloat32Array:
	var masks: PackedFloat32Array = []
	masks.resize(rows.size() * _mask_size)
	masks.fill(1.0)
	for row: int in rows.size():
		var allowed: PackedByteArray = rows[row].get_allowed()
		for index: int in allowed.size():
			masks[row * _mask_size + index] = allowed[index]
	return masks


func _act(
	rows: Array[RlPilot],
	outputs: Dictionary[String, PackedFloat32Array],
	rng: RandomNumberGenerator
) -> void:
	var output: PackedFloat32Array = []
	var names: PackedStringArray = []
	var log_stds: PackedFloat32Array = []
	var memory: PackedFloat32Array = outputs.get(STATE_OUTPUT, PackedFloat32Array())
	for row: int in rows.size():
		var pilot: RlPilot = rows[row]
		var agent: RLAgent = pilot.get_agent()
		if agent == null:
			continue  # another agent's action freed it
		if _memory_size > 0:
			pilot.set_memory(memory.slice(row * _memory_size, (row + 1) * _memory_size))
		if pilot.choice.names != names:
			names = pilot.choice.names
			output = pilot.choice.join(outputs, rows.size())
			log_stds = PackedFloat32Array()
			if names == MAIN and outputs.has(LOG_STD):
				log_stds = outputs[LOG_STD]
		var allowed: PackedByteArray = NOTHING
		if pilot.has_mask:
			allowed = pilot.get_allowed()
		var action: Dictionary
		if agent.sample_actions:
			action = pilot.decoder.sample(output, log_stds, rng, row, allowed)
		else:
			action = pilot.decoder.decode(output, row, allowed)
		if pilot.decoder.found_nan:
			_complain_of_nan(pilot)
		agent._apply_action(action)


# Something is not finite in what the agent sees, or in the weights.
func _complain_of_nan(pilot: RlPilot) -> void:
	pilot.forget()
	var place: String = RlObservation.new(pilot.get_agent()._get_observation()).find_bad_number()
	if place.is_empty():
		place = "the policy computes nan from what it sees"
	pilot.complain("%s; such actions count as 0" % place)


func _refuse(pilot: RlPilot, reason: String) -> void:
	pilot.refuse_policy()
	var pilots: Array = _refusals.get_or_add(reason, [])
	pilots.append(pilot)


# One error, however many agents it concerns.
func _report(reason: String) -> void:
	var pilots: Array = _refusals[reason]
	var first: RlPilot = pilots[0]
	var others: String = "" if pilots.size() == 1 else " (and %d more)" % (pilots.size() - 1)
	var file: String = _policy.resource_path
	if file.is_empty():
		file = "(in no file)"
	problem = (
		"policy %s cannot play agent %s%s: %s"
		% [file, first.get_agent().get_path(), others, reason]
	)
	RlNotices.complain("refused %s: %s" % [file, reason], "%s. Going on by hand." % problem)
