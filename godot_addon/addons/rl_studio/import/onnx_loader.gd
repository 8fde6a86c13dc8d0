@tool
extends RefCounted
## Makes an [RLPolicy] from an ONNX file. The importer's work without the editor.

const RlLimits := preload("../runtime/policy/limits.gd")
const RlOnnxParser := preload("onnx_parser.gd")

## The policy; null if there is a problem.
var policy: RLPolicy
## Why there is no policy: names the file, and operator and node where one is at fault.
var problem: String = ""


## Loads [param path], any path the file system knows.
func load_file(path: String) -> void:
	policy = null
	problem = ""
	problem = _find_file_problem(path)
	if problem != "":
		return
	var bytes: PackedByteArray = FileAccess.get_file_as_bytes(path)
	var parser: RlOnnxParser = RlOnnxParser.new()
	parser.parse(bytes, path.get_base_dir())
	if not parser.problem.is_empty():
		problem = "%s: %s" % [path, parser.problem]
		return
	var made: RLPolicy = RLPolicy.new()
	made.graph = parser.graph
	made.weights = parser.weights
	made.metadata = parser.metadata
	made.source_checksum = FileAccess.get_sha256(path)
	if made.is_valid():
		policy = made
	else:
		problem = "%s: %s" % [path, "; ".join(made.get_problems())]


func _find_file_problem(path: String) -> String:
	var file: FileAccess = FileAccess.open(path, FileAccess.READ)
	if file == null:
		return "%s: cannot be read (%s)" % [path, error_string(FileAccess.get_open_error())]
	if file.get_length() == 0:
		return "%s: the file is empty" % path
	if file.get_length() > RlLimits.FILE_BYTES:
		return (
			"%s: the file has %s, %s at most are possible"
			% [
				path,
				String.humanize_size(file.get_length()),
				String.humanize_size(RlLimits.FILE_BYTES)
			]
		)
	return ""
