@tool
extends RefCounted
## The curves of one run: of the whole run, of each of its policies, and of its evaluations.

const RlMetric := preload("metric.gd")
const RlRead := preload("read.gd")
const RlSeries := preload("series.gd")

## Curves of the whole run by metric key, see Metric.
var series: Dictionary[String, RlSeries] = {}

## Curves of single policies, by the same keys.
var _of_policies: Dictionary[String, Dictionary] = {}
## Curves of the evaluations, by the same keys.
var _of_evaluations: Dictionary[String, RlSeries] = {}
## Those of single policies, by the same keys.
var _of_policies_evaluated: Dictionary[String, Dictionary] = {}
## Agent steps of the last evaluation; each is told with many samples.
var _evaluated_at: float = -1.0


## Adds a sample, the newest so far.
func add(sample: Dictionary) -> void:
	var x: float = RlRead.number(sample, "timesteps_total", 0.0)
	var other_x: Vector2 = Vector2(
		RlRead.number(sample, "env_steps_total"), RlRead.number(sample, "time_total_s")
	)
	var own: Dictionary = sample.duplicate()
	own.erase("policies")
	own.erase("evaluation")
	_add_to(series, RlMetric.flatten(own), x, other_x)
	var parts: Dictionary = RlRead.dict(sample, "policies")
	for name: Variant in parts:
		var values: Dictionary[String, float] = RlMetric.flatten(RlRead.dict(parts, str(name)))
		_add_to(_curves_of(str(name), _of_policies), RlMetric.of_whole_run(values), x, other_x)
	_add_evaluation(RlRead.dict(sample, "evaluation"), other_x)


## The names of the policies, in the order in which they came up.
func policies() -> PackedStringArray:
	return PackedStringArray(_of_policies.keys())


## The curve of one policy; null if there is none.
func of_policy(policy: String, key: String) -> RlSeries:
	return _curves_of(policy, _of_policies).get(key) if _of_policies.has(policy) else null


## The curve of the evaluations; null if there is none.
func of_evaluations(key: String) -> RlSeries:
	return _of_evaluations.get(key)


## The curve of one policy in the evaluations; null if there is none.
func of_policy_evaluations(policy: String, key: String) -> RlSeries:
	if not _of_policies_evaluated.has(policy):
		return null
	return _curves_of(policy, _of_policies_evaluated).get(key)


## Every key that the run or one of its policies has a curve for.
func keys() -> PackedStringArray:
	var found: Dictionary[String, bool] = {}
	for key: String in series:
		found[key] = true
	for policy: String in _of_policies:
		for key: String in _curves_of(policy, _of_policies):
			found[key] = true
	return PackedStringArray(found.keys())


func _add_evaluation(evaluation: Dictionary, other_x: Vector2) -> void:
	var at: float = RlRead.number(evaluation, "timesteps_total")
	if is_nan(at) or at <= _evaluated_at:
		return
	_evaluated_at = at
	var own: Dictionary = evaluation.duplicate()
	own.erase("policies")
	_add_to(_of_evaluations, RlMetric.of_whole_run(RlMetric.flatten(own)), at, other_x)
	var parts: Dictionary = RlRead.dict(evaluation, "policies")
	for name: Variant in parts:
		var values: Dictionary[String, float] = RlMetric.flatten(RlRead.dict(parts, str(name)))
		var curves: Dictionary[String, RlSeries] = _curves_of(str(name), _of_policies_evaluated)
		_add_to(curves, RlMetric.of_whole_run(values), at, other_x)


func _add_to(
	curves: Dictionary[String, RlSeries],
	values: Dictionary[String, float],
	x: float,
	other_x: Vector2
) -> void:
	for key: String in values:
		if not curves.has(key):
			curves[key] = RlSeries.new()
		curves[key].add(x, values[key], other_x)


func _curves_of(
	policy: String, all: Dictionary[String, Dictionary]
) -> Dictionary[String, RlSeries]:
	if not all.has(policy):
		var made: Dictionary[String, RlSeries] = {}
		all[policy] = made
	return all[policy]
