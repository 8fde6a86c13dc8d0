@tool
extends RefCounted
## Makes the stage of an LSTM, a GRU or an RNN.

const RlCells := preload("cells.gd")
const RlDenseLayer := preload("dense_layer.gd")
const RlRecurrent := preload("recurrent.gd")
const RlRecurrentMaker := preload("recurrent_maker.gd")
const RlStep := preload("step.gd")
const RlTensor := preload("tensor.gd")

var _step: RlStep
var _inputs: Array[RlTensor]
var _changing: PackedInt32Array


## Makes the stage of [param step]: [param inputs] are values of its trace, null for one left out,
## [param changing] those that are not constant.
static func make(step: RlStep, inputs: Array[RlTensor], changing: PackedInt32Array) -> RlRecurrent:
	var maker: RlRecurrentMaker = RlRecurrentMaker.new()
	maker._step = step
	maker._inputs = inputs
	maker._changing = changing
	return maker._make()


func _make() -> RlRecurrent:
	var directions: int = _inputs[1].shape[0]
	var units: int = _inputs[2].shape[2]
	var late_reset: bool = _step.int_attribute("linear_before_reset", 0) != 0
	var layers: Array[RlDenseLayer] = []
	var cell: Callable = RlCells.rnn
	var late: Array[RlDenseLayer] = []
	for direction: int in directions:
		var cells: RlCells = _cells_of(direction, units)
		match _step.op:
			"LSTM":
				cell = RlCells.lstm
				for gate: int in 4:
					cells.add_gate(gate, true, true)
			"GRU":
				cell = RlCells.gru if late_reset else RlCells.early_gru
				cells.add_gate(0, true, true)
				cells.add_gate(1, true, true)
				cells.add_gate(2, true, false)
				if late_reset:
					cells.add_gate(2, false, true)
				else:
					var other: RlCells = _cells_of(direction, units)
					other.add_gate(2, false, true)
					late.append(other.make_late_layer())
			_:
				cells.add_gate(0, true, true)
		layers.append(cells.make_layer())
	var stage: RlRecurrent = RlRecurrent.create(
		_inputs[0].shape[0], _inputs[0].shape[2], units, layers, cell
	)
	stage.late_layers = late
	stage.goes_back = _step.attributes.get("direction", "forward") == "reverse"
	_set_states(stage, directions * units)
	return stage


func _cells_of(direction: int, units: int) -> RlCells:
	var parts: Array[PackedFloat32Array] = []
	for index: int in range(1, 4):
		var part: PackedFloat32Array = PackedFloat32Array()
		if _step.optional(_inputs, index) != null:
			part = _inputs[index].as_floats()
		@warning_ignore("integer_division")
		var share: int = part.size() / _inputs[1].shape[0]
		parts.append(part.slice(direction * share, (direction + 1) * share))
	return RlCells.of(parts[0], parts[1], parts[2], units)


func _set_states(stage: RlRecurrent, width: int) -> void:
	var places: PackedInt32Array = [-1, -1]
	var constants: Array[PackedFloat32Array] = []
	for index: int in 2:
		var state: RlTensor = _step.optional(_inputs, 5 + index)
		if _changing.has(5 + index):
			places[index] = _changing.find(5 + index)
		var is_constant: bool = state != null and places[index] < 0
		constants.append(state.as_floats() if is_constant else RlTensor.zeros([width]).floats)
	stage.set_states(places[0], constants[0], places[1], constants[1])
