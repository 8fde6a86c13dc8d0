@tool
extends RefCounted
## Makes a trainer's output readable: metrics are in the charts already, so their lines are left
## out, and events become a line of text. Works on pieces of any size.

const RlRead := preload("read.gd")

const METRIC: String = "@METRIC "
const EVENT: String = "@EVENT "

## The beginning of a line whose end has not come yet.
var _rest: String = ""


## Takes the next piece of output and returns the lines that are complete with it.
func feed(piece: String) -> String:
	var lines: PackedStringArray = (_rest + piece.replace("\r\n", "\n")).split("\n")
	_rest = lines[lines.size() - 1]
	var shown: String = ""
	for index: int in lines.size() - 1:
		var line: String = lines[index]
		if line.begins_with(METRIC):
			continue
		if line.begins_with(EVENT):
			line = _tell(line.trim_prefix(EVENT))
		shown += line + "\n"
	return shown


func _tell(text: String) -> String:
	var json: JSON = JSON.new()
	if json.parse(text) != OK or not json.data is Dictionary:
		return EVENT + text
	var event: Dictionary = json.data
	var kind: String = RlRead.text(event, "kind")
	match kind:
		"checkpoint":
			return "> checkpoint %s" % RlRead.text(event, "path").get_file()
		"started":
			var agents: int = RlRead.integer(event, "n_agents")
			return "> started, %d agent%s" % [agents, "" if agents == 1 else "s"]
		"status":
			return "> %s" % RlRead.text(event, "message")
		"game_restarted":
			var number: int = RlRead.integer(event, "instance")
			return "> game %d restarted: %s" % [number, RlRead.text(event, "message")]
	return "> %s: %s" % [kind, RlRead.text(event, "message")]
