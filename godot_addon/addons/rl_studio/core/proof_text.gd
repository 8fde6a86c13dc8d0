@tool
extends RefCounted
## The proof of an exported policy in words: what was tried, where, and how it came out.

const RlFormat := preload("format.gd")
const RlRead := preload("read.gd")

const PLACES: PackedStringArray = ["onnxruntime", "godot"]
const SOURCES: Dictionary[String, String] = {
	"run": " of the run",
	"space": " drawn at random",
	"run and space": ", the run's and random ones",
}


## One or two sentences about [param proof], as files and the backend tell it; "" if there is none.
static func describe(proof: Dictionary) -> String:
	if proof.is_empty():
		return ""
	return "%s\n%s" % [_tell_numbers(proof), _tell_actions(proof)]


## One proof that tells of all [param proofs]: the largest differences, the fewest observations, all
## actions. They are of one export, so they were made in the same places.
static func merge(proofs: Array[Dictionary]) -> Dictionary:
	var merged: Dictionary = proofs[0].duplicate(true)
	for proof: Dictionary in proofs.slice(1):
		for key: String in ["observations", "sequences", "sequence_length"]:
			merged[key] = minf(RlRead.number(merged, key), RlRead.number(proof, key))
		for place: String in PLACES:
			var largest: Dictionary = RlRead.dict(merged, place)
			var differences: Dictionary = RlRead.dict(proof, place)
			for output: Variant in differences:
				var before: float = largest.get(output, 0.0)
				largest[output] = maxf(before, RlRead.number(differences, str(output)))
		var actions: Dictionary = RlRead.dict(merged, "actions")
		for key: String in ["compared", "different"]:
			actions[key] = (
				RlRead.number(actions, key) + RlRead.number(RlRead.dict(proof, "actions"), key)
			)
	return merged


## Where it was tried: "PyTorch, ONNX Runtime and Godot 4.6.3".
static func places(proof: Dictionary) -> String:
	if RlRead.dict(proof, "godot").is_empty():
		return "PyTorch and ONNX Runtime"
	var version: PackedStringArray = RlRead.text(proof, "godot_version").split(".")
	var numbers: PackedStringArray = []
	for part: String in version:
		if not part.is_valid_int():
			break
		numbers.append(part)
	return ("PyTorch, ONNX Runtime and Godot %s" % ".".join(numbers)).strip_edges()


## The largest difference of all outputs in all places; NAN if none is known.
static func largest_difference(proof: Dictionary) -> float:
	var largest: float = NAN
	for place: String in PLACES:
		var differences: Dictionary = RlRead.dict(proof, place)
		for output: Variant in differences:
			var difference: float = RlRead.number(differences, str(output))
			largest = difference if is_nan(largest) else maxf(largest, difference)
	return largest


## The largest difference of each output, for a tooltip.
static func details(proof: Dictionary) -> String:
	var lines: PackedStringArray = []
	for place: String in PLACES:
		var title: String = "ONNX Runtime" if place == "onnxruntime" else "Godot"
		var differences: Dictionary = RlRead.dict(proof, place)
		for output: Variant in differences:
			var figure: String = difference_text(RlRead.number(differences, str(output)))
			lines.append("%s: %s differs by %s at most" % [title, output, figure])
	return "\n".join(lines)


## What a failed proof found, from the [param data] of the error; a line for each output.
static func describe_failure(data: Dictionary) -> PackedStringArray:
	var lines: PackedStringArray = []
	var differences: Dictionary = RlRead.dict(data, "differences")
	for output: Variant in differences:
		var difference: float = RlRead.number(differences, str(output))
		if is_nan(difference):
			lines.append("%s is not a number" % output)
		else:
			lines.append("%s differs by %s" % [output, difference_text(difference)])
	if RlRead.integer(data, "different_actions") > 0:
		lines.append("%d actions differ" % RlRead.integer(data, "different_actions"))
	return lines


## A difference in one figure: 5e-7.
static func difference_text(difference: float) -> String:
	if is_nan(difference) or difference == 0.0:
		return "–" if is_nan(difference) else "0"
	var exponent: int = floori(log(absf(difference)) / log(10.0) + 1e-9)
	var mantissa: float = snappedf(difference / pow(10.0, exponent), 0.1)
	return "%se%d" % [RlFormat.value(mantissa), exponent]


static func _tell_numbers(proof: Dictionary) -> String:
	var observations: String = RlFormat.count(RlRead.number(proof, "observations"))
	var tried: String = "%s observations" % observations
	if RlRead.integer(proof, "sequences") > 0:
		tried = (
			"%d sequences of %d decisions"
			% [RlRead.integer(proof, "sequences"), RlRead.integer(proof, "sequence_length")]
		)
	var source: String = SOURCES.get(RlRead.text(proof, "source"), "")
	var largest: float = largest_difference(proof)
	var verdict: String = (
		"agree within %s (allowed: %s)"
		% [difference_text(largest), difference_text(RlRead.number(proof, "tolerance"))]
	)
	if largest == 0.0:
		verdict = "agree exactly"
	return "Verified: %s %s on %s%s." % [places(proof), verdict, tried, source]


static func _tell_actions(proof: Dictionary) -> String:
	var actions: Dictionary = RlRead.dict(proof, "actions")
	var compared: int = RlRead.integer(actions, "compared")
	var different: int = RlRead.integer(actions, "different")
	if compared == 0:
		return "The chosen actions were not compared."
	if different == 0:
		return "All %s chosen actions are the same." % RlFormat.count(compared)
	return "%s of %s chosen actions differ." % [RlFormat.count(different), RlFormat.count(compared)]
