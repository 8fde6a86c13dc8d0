@tool
extends RefCounted
## Reads an ONNX file into the plain data an [RLPolicy] stores: a graph of dictionaries and arrays,
## and all weights in one array.

const RlLimits := preload("../runtime/policy/limits.gd")
const RlOnnxTensor := preload("onnx_tensor.gd")
const RlProtobufReader := preload("protobuf_reader.gd")

const FORMAT: int = 1
const STANDARD_DOMAINS: PackedStringArray = ["", "ai.onnx"]
## Key in the metadata of the file under which the export script puts its notes.
const METADATA_KEY: String = "rl_studio"

## How constants are given, and the types that have to come then.
const CONSTANTS: Dictionary[String, Variant.Type] = {
	"value": TYPE_DICTIONARY,
	"value_float": TYPE_FLOAT,
	"value_floats": TYPE_PACKED_FLOAT32_ARRAY,
	"value_int": TYPE_INT,
	"value_ints": TYPE_PACKED_INT64_ARRAY,
}
const TENSOR_TYPE: int = 1
## Types of elements that cannot be fed: strings and complex numbers.
const NO_NUMBERS: Array[int] = [8, 14, 15]

## See [member RLPolicy.graph].
var graph: Dictionary = {
	"format": FORMAT, "opset": 0, "inputs": [], "outputs": [], "nodes": [], "tensors": {}
}
var weights: PackedFloat32Array = PackedFloat32Array()
var metadata: Dictionary = {}
## Why the file cannot be used, "" if it can.
var problem: String = ""

var _folder: String


## Parses the bytes of a model; [param folder] is where external data would lie.
func parse(bytes: PackedByteArray, folder: String) -> void:
	_folder = folder
	var reader: RlProtobufReader = RlProtobufReader.of(bytes)
	var has_graph: bool = false
	while problem == "" and reader.next_field():
		match reader.field:
			7:
				has_graph = true
				_read_graph(reader.read_message())
			8:
				_read_opset(reader.read_message())
			14:
				_read_metadata(_read_pair(reader.read_message()))
	if reader.is_broken or (not has_graph and problem == ""):
		problem = "this is no ONNX model, or it is damaged"


func _read_opset(reader: RlProtobufReader) -> void:
	var domain: String = ""
	var version: int = 0
	while reader.next_field():
		if reader.field == 1:
			domain = reader.read_string()
		elif reader.field == 2:
			version = reader.read_int()
	if domain in STANDARD_DOMAINS:
		graph["opset"] = version


func _read_metadata(pair: PackedStringArray) -> void:
	if pair[0] != METADATA_KEY:
		return
	var json: JSON = JSON.new()
	if json.parse(pair[1]) == OK and json.data is Dictionary:
		metadata = json.data
	else:
		_refuse('the metadata "%s" is no JSON object' % METADATA_KEY)


func _read_pair(reader: RlProtobufReader) -> PackedStringArray:
	var pair: PackedStringArray = ["", ""]
	while reader.next_field():
		if reader.field in [1, 2]:
			pair[reader.field - 1] = reader.read_string()
	return pair


func _read_graph(reader: RlProtobufReader) -> void:
	var nodes: Array = graph["nodes"]
	var inputs: Array = graph["inputs"]
	var outputs: Array = graph["outputs"]
	var tensors: Dictionary = graph["tensors"]
	while problem == "" and reader.next_field():
		match reader.field:
			1:
				_check_count(nodes.size(), RlLimits.NODES, "nodes")
				_add_node(nodes, reader.read_message())
			5:
				_check_count(tensors.size(), RlLimits.NODES, "tensors")
				_add_tensor(RlOnnxTensor.read(reader.read_message(), _folder))
			11:
				_check_count(inputs.size(), RlLimits.PORTS + RlLimits.NODES, "inputs")
				inputs.append(_read_value_info(reader.read_message()))
			12:
				_check_count(outputs.size(), RlLimits.PORTS, "outputs")
				outputs.append(_read_value_info(reader.read_message()))
			15:
				_refuse("sparse weights are not supported")
	# Old files list weights among the inputs too.
	inputs = inputs.filter(func(input: Dictionary) -> bool: return not tensors.has(input["name"]))
	graph["inputs"] = inputs
	_check_count(inputs.size() - 1, RlLimits.PORTS, "inputs")


# [param count] of them are there, one comes.
func _check_count(count: int, most: int, what: String) -> void:
	if count >= most:
		_refuse("it has more than %d %s, which is the limit" % [most, what])


func _add_tensor(tensor: RlOnnxTensor) -> void:
	if not tensor.problem.is_empty():
		_refuse('weights "%s": %s' % [tensor.name, tensor.problem])
		return
	var tensors: Dictionary = graph["tensors"]
	if tensors.has(tensor.name):
		_refuse('the weights "%s" are there twice' % tensor.name)
		return
	if tensor.is_int:
		tensors[tensor.name] = tensor.to_data()
		return
	tensors[tensor.name] = {"shape": tensor.shape, "offset": weights.size()}
	weights.append_array(tensor.floats)


# Appends the node to the list, or, if it only holds a constant, its value to the tensors.
func _add_node(nodes: Array, reader: RlProtobufReader) -> void:
	var inputs: PackedStringArray = []
	var outputs: PackedStringArray = []
	var attributes: Dictionary = {}
	var node: Dictionary = {"op": "", "name": ""}
	var domain: String = ""
	while reader.next_field():
		match reader.field:
			1:
				inputs.append(reader.read_string())
			2:
				outputs.append(reader.read_string())
			3:
				node["name"] = reader.read_string()
			4:
				node["op"] = reader.read_string()
			5:
				_read_attribute(reader.read_message(), attributes)
			7:
				domain = reader.read_string()
	if not domain in STANDARD_DOMAINS:
		node["op"] = "%s::%s" % [domain, node["op"]]
	if node["op"] == "Constant" and outputs.size() == 1 and not attributes.is_empty():
		var tensors: Dictionary = graph["tensors"]
		_check_count(tensors.size(), RlLimits.NODES, "tensors")
		_add_constant(outputs[0], attributes)
		return
	node.merge({"inputs": inputs, "outputs": outputs, "attributes": attributes})
	nodes.append(node)


func _add_constant(output: String, attributes: Dictionary) -> void:
	var tensor: RlOnnxTensor = RlOnnxTensor.new()
	tensor.name = output
	var key: String = attributes.keys()[0]
	var value: Variant = attributes[key]
	if not typeof(value) == CONSTANTS.get(key):
		tensor.problem = "a constant given by %s is not supported" % key
		_add_tensor(tensor)
		return
	match key:
		"value":
			var data: Dictionary = value
			tensor.shape = data["shape"]
			tensor.is_int = data.has("ints")
			tensor.ints = data.get("ints", PackedInt64Array())
			tensor.floats = data.get("floats", PackedFloat32Array())
		"value_float":
			tensor.floats = [value]
		"value_floats":
			tensor.floats = value
			tensor.shape = [tensor.floats.size()]
		"value_int":
			tensor.is_int = true
			tensor.ints = [value]
		"value_ints":
			tensor.is_int = true
			tensor.ints = value
			tensor.shape = [tensor.ints.size()]
	_add_tensor(tensor)


func _read_attribute(reader: RlProtobufReader, attributes: Dictionary) -> void:
	var key: String = ""
	var value: Variant = null
	var ints: PackedInt64Array = []
	var floats: PackedFloat32Array = []
	var strings: PackedStringArray = []
	var type: int = 0
	while reader.next_field():
		match reader.field:
			1:
				key = reader.read_string()
			2:
				value = reader.read_float()
			3:
				value = reader.read_int()
			4:
				value = reader.read_string()
			5:
				value = _read_tensor_data(reader.read_message())
			7:
				reader.read_floats_into(floats)
				value = floats
			8:
				reader.read_ints_into(ints)
				value = ints
			9:
				strings.append(reader.read_string())
				value = strings
			20:
				type = reader.read_int()
	attributes[key] = _left_out(type) if value == null else value


# What an attribute is whose value the file leaves out: zero or nothing.
func _left_out(type: int) -> Variant:
	match type:
		1:
			return 0.0
		2:
			return 0
		6:
			return PackedFloat32Array()
		7:
			return PackedInt64Array()
		8:
			return PackedStringArray()
	return ""


func _read_tensor_data(reader: RlProtobufReader) -> Dictionary:
	var tensor: RlOnnxTensor = RlOnnxTensor.read(reader, _folder)
	if not tensor.problem.is_empty():
		_refuse('constant "%s": %s' % [tensor.name, tensor.problem])
	return tensor.to_data()


func _read_value_info(reader: RlProtobufReader) -> Dictionary:
	var info: Dictionary = {"name": "", "shape": PackedInt64Array()}
	while reader.next_field():
		if reader.field == 1:
			info["name"] = reader.read_string()
		elif reader.field == 2:
			_read_type(reader.read_message(), info)
	return info


# Of what is no tensor of numbers, or has no shape, why it cannot be an input.
func _read_type(type: RlProtobufReader, info: Dictionary) -> void:
	info["problem"] = "is no tensor"
	while type.next_field():
		if type.field != TENSOR_TYPE:
			continue
		info["problem"] = "has no shape"
		var element: int = 1
		var tensor_type: RlProtobufReader = type.read_message()
		while tensor_type.next_field():
			if tensor_type.field == 1:
				element = tensor_type.read_int()
			elif tensor_type.field == 2:
				info["problem"] = ""
				info["shape"] = _read_shape(tensor_type.read_message())
		if element in NO_NUMBERS:
			info["problem"] = "is no tensor of real or whole numbers"


# -1 for a dimension without a fixed size.
func _read_shape(dimensions: RlProtobufReader) -> PackedInt64Array:
	var shape: PackedInt64Array = []
	while dimensions.next_field():
		var length: int = -1
		var dimension: RlProtobufReader = dimensions.read_message()
		while dimension.next_field():
			length = dimension.read_int() if dimension.field == 1 else length
		shape.append(maxi(length, -1))
	return shape


# Keeps the first problem: later ones mostly follow from it.
func _refuse(what: String) -> void:
	if problem.is_empty():
		problem = what
