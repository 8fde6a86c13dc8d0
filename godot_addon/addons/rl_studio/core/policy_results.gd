@tool
extends RefCounted
## How the policies of a run or of a checkpoint do, each for itself: policies that learn against
## each other have no common figure. Dictionaries are as the backend sends them, by policy.

const RlFormat := preload("format.gd")
const RlRead := preload("read.gd")


## A row for each policy: its name, its reward and its success rate in words.
static func rows(results: Dictionary) -> Array[PackedStringArray]:
	var found: Array[PackedStringArray] = []
	for policy: Variant in results:
		var told: Dictionary = RlRead.dict(results, str(policy))
		var reward: String = RlFormat.value(RlRead.number(told, "reward_mean"))
		var success: String = RlFormat.percent(RlRead.number(told, "success_rate"))
		found.append(PackedStringArray([str(policy), reward, success]))
	return found


## All of them in one line: "evader 0.42 (2%), pursuer 5.1 (99%)"; "" without any.
static func one_line(results: Dictionary) -> String:
	var texts: PackedStringArray = []
	for row: PackedStringArray in rows(results):
		var success: String = "" if row[2] == RlFormat.percent(NAN) else " (%s)" % row[2]
		texts.append("%s %s%s" % [row[0], row[1], success])
	return ", ".join(texts)
