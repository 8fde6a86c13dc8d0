@tool
extends RefCounted
## Where a backend of this project listens, as it wrote it to [code].rl_studio/backend.json[/code].

const RlRead := preload("../core/read.gd")

const PROTOCOL: String = "rl-studio.v1"
const LOG_TAIL_BYTES: int = 8192

var port: int = 0
var token: String = ""
var pid: int = 0
var protocol: String = ""
var version: String = ""


## Reads the file in [param state_dir]; false if there is none that makes sense.
func load_from(state_dir: String) -> bool:
	var data: Dictionary = RlRead.json_file(state_dir.path_join("backend.json"))
	port = RlRead.integer(data, "port")
	token = RlRead.text(data, "token")
	pid = RlRead.integer(data, "pid")
	protocol = RlRead.text(data, "protocol")
	version = RlRead.text(data, "version")
	return port > 0 and port < 65536 and token != ""


## The last [param count] lines of the backend's own log.
static func log_tail(state_dir: String, count: int) -> PackedStringArray:
	var file: FileAccess = FileAccess.open(state_dir.path_join("backend.log"), FileAccess.READ)
	if file == null:
		return PackedStringArray()
	file.seek(maxi(file.get_length() - LOG_TAIL_BYTES, 0))
	var lines: PackedStringArray = (
		file.get_buffer(LOG_TAIL_BYTES).get_string_from_utf8().strip_edges().split("\n", false)
	)
	return lines.slice(maxi(lines.size() - count, 0))
