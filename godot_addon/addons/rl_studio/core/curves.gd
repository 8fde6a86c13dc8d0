@tool
extends RefCounted
## The curves of one run: of the whole run, of each of its policies, and of its evaluations.

const Metric := preload("metric.gd")
const Read := preload("read.gd")
const Series := preload("series.gd")

## Curves of the whole run by metric key, see Metric.
var series: Dictionary[String, Series] = {}

## Curves of single policies, by the same keys.
var _of_policies: Dictionary[String, Dictionary] = {}
## Curves of the evaluations, by the same keys.
var _of_evaluations: Dictionary[String, Series] = {}
## Those of single policies, by the same keys.
var _of_policies_evaluated: Dictionary[String, Dictionary] = {}
## Agent steps of the last evaluation; each is told with many samples.
var _evaluated_at: float = -1.0


## Adds a sample, the newest so far.
func add(sample: Dictionary) -> void:
	var x: float = Read.number(sample, "timesteps_total", 0.0)
	var other_x: Vector2 = Vector2(
		Read.number(sample, "env_steps_total"), Read.number(sample, "time_total_s")
	)
	var own: Dictionary = sample.duplicate()
	own.erase("policies")
	own.erase("evaluation")
	_add_to(series, Metric.flatten(own), x, other_x)
	var parts: Dictionary = Read.dict(sample, "policies")
	for name: Variant in parts:
		var values: Dictionary[String, float] = Metric.flatten(Read.dict(parts, str(name)))
		_add_to(_curves_of(str(name), _of_policies), Metric.of_whole_run(values), x, other_x)
	_add_evaluation(Read.dict(sample, "evaluation"), other_x)


## The names of the policies, in the order in which they came up.
func policies() -> PackedStringArray:
	return PackedStringArray(_of_policies.keys())


## The curve of one policy; null if there is none.
func of_policy(policy: String, key: String) -> Series:
	return _curves_of(policy, _of_policies).get(key) if _of_policies.has(policy) else null


## The curve of the evaluations; null if there is none.
func of_evaluations(key: String) -> Series:
	return _of_evaluations.get(key)


## The curve of one policy in the evaluations; null if there is none.
func of_policy_evaluations(policy: String, key: String) -> Series:
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
	var at: float = Read.number(evaluation, "timesteps_total")
	if is_nan(at) or at <= _evaluated_at:
		return
	_evaluated_at = at
	var own: Dictionary = evaluation.duplicate()
	own.erase("policies")
	_add_to(_of_evaluations, Metric.of_whole_run(Metric.flatten(own)), at, other_x)
	var parts: Dictionary = Read.dict(evaluation, "policies")
	for name: Variant in parts:
		var values: Dictionary[String, float] = Metric.flatten(Read.dict(parts, str(name)))
		var curves: Dictionary[String, Series] = _curves_of(str(name), _of_policies_evaluated)
		_add_to(curves, Metric.of_whole_run(values), at, other_x)


func _add_to(
	curves: Dictionary[String, Series],
	values: Dictionary[String, float],
	x: float,
	other_x: Vector2
) -> void:
	for key: String in values:
		if not curves.has(key):
			curves[key] = Series.new()
		curves[key].add(x, values[key], other_x)


func _curves_of(policy: String, all: Dictionary[String, Dictionary]) -> Dictionary[String, Series]:
	if not all.has(policy):
		var made: Dictionary[String, Series] = {}
		all[policy] = made
	return all[policy]
