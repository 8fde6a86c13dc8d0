@tool
extends RefCounted
## Turns the series of runs into what a chart draws: a curve for each run, or for each of its
## policies, and one for its evaluations, in the same colour.

const RlChartCurve := preload("chart_curve.gd")
const RlLook := preload("look.gd")
const RlMetric := preload("../core/metric.gd")
const RlRunSelection := preload("../core/run_selection.gd")
const RlRunState := preload("../core/run_state.gd")
const RlSeries := preload("../core/series.gd")

## How smooth, see Series.
var weight: float = 0.0
## What the charts have on their x axis.
var x: RlSeries.RlX = RlSeries.RlX.AGENT_STEPS
## The colour of evaluations of a whole run whose policies have the colours.
var whole_color: Color = Color.GRAY
## Whether a run with several policies has a curve for each.
var by_policy: bool = true
## Whether a single curve has a band from the lowest to the highest value.
var with_bands: bool = true
## The colours of curves, by the number of their place.
var colors: PackedColorArray = RlLook.RUN_COLORS.duplicate()


## The curves of the chart of [param key] for [param runs], in the colours of [param selection].
func make(key: String, runs: Array[RlRunState], selection: RlRunSelection) -> Array[RlChartCurve]:
	var made: Array[RlChartCurve] = []
	var is_alone: bool = runs.size() == 1
	for run: RlRunState in runs:
		var slot: int = selection.slot(run.id)
		var policies: PackedStringArray = policies_apart(run, key)
		var evaluations: RlSeries = run.curves.of_evaluations(key)
		for index: int in policies.size():
			var title: String = policies[index]
			var color: Color = _color(index) if is_alone else _shade(_color(slot), index)
			if not is_alone:
				title = "%s · %s" % [run.title(), policies[index]]
			_add(made, run.curves.of_policy(policies[index], key), title, color)
			var evaluated: RlSeries = run.curves.of_policy_evaluations(policies[index], key)
			if evaluated != null:
				_add(made, evaluated, "%s · evaluation" % title, color, true)
				evaluations = null  # those of the policies tell more
		if policies.is_empty() and run.curves.series.has(key):
			_add(made, run.curves.series[key], run.title(), _color(slot))
		if evaluations != null:
			var title: String = "evaluation" if is_alone else "%s · evaluation" % run.title()
			var is_of_all: bool = is_alone and not policies.is_empty()
			_add(made, evaluations, title, whole_color if is_of_all else _color(slot), true)
	if with_bands and is_alone and not made.is_empty() and not made[0].is_marked:
		_add_band(made, key, runs[0])
	return made


## The policies that have curves of their own in the chart of [param key]: if that is wanted, and
## where the run as a whole has none.
func policies_apart(run: RlRunState, key: String) -> PackedStringArray:
	var apart: PackedStringArray = []
	var is_wanted: bool = by_policy or not run.curves.series.has(key)
	if not is_wanted or run.curves.policies().size() < 2:
		return apart
	for policy: String in run.curves.policies():
		if run.curves.of_policy(policy, key) != null:
			apart.append(policy)
	return apart


## Evaluations are marked and stay as they were measured.
func _add(
	made: Array[RlChartCurve],
	series: RlSeries,
	title: String,
	color: Color,
	are_evaluations: bool = false
) -> void:
	var curve: RlChartCurve = RlChartCurve.new()
	curve.title = title
	curve.color = color
	curve.raw = series.raw(x).duplicate()  # the series grows, and the chart is to be as it was
	curve.smooth = curve.raw if are_evaluations else series.smoothed(weight, x).duplicate()
	curve.is_marked = are_evaluations
	if not curve.raw.is_empty():
		made.append(curve)


func _add_band(made: Array[RlChartCurve], key: String, run: RlRunState) -> void:
	var low: String = RlMetric.low_edge(key)
	var high: String = RlMetric.high_edge(key)
	if policies_apart(run, key).is_empty() and run.curves.series.has(low):
		if run.curves.series.has(high):
			made[0].set_band(run.curves.series[low].raw(x), run.curves.series[high].raw(x))


func _color(slot: int) -> Color:
	return colors[slot % colors.size()]


## The colour of policy number [param index] among those of a run that has [param color].
static func _shade(color: Color, index: int) -> Color:
	var turned: Color = color
	turned.ok_hsl_h = fposmod(color.ok_hsl_h + 0.055 * index, 1.0)
	return turned.lightened(0.12 * (index % 3))
