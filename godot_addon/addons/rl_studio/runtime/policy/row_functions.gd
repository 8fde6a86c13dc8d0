@tool
extends RefCounted
## Functions of some numbers at once; each works in place or makes a new array.


## One number: the sum, mean, largest … of all.
static func reduce(row: PackedFloat32Array, op: String) -> PackedFloat32Array:
	var result: float = 1.0 if op == "ReduceProd" else 0.0
	match op:
		"ReduceMax":
			return [Array(row).max()]
		"ReduceMin":
			return [Array(row).min()]
		"ReduceProd":
			for value: float in row:
				result *= value
		"ReduceL1":
			for value: float in row:
				result += absf(value)
		"ReduceL2", "ReduceSumSquare":
			for value: float in row:
				result += value * value
			result = sqrt(result) if op == "ReduceL2" else result
		"ReduceLogSumExp":
			var highest: float = Array(row).max()
			for value: float in row:
				result += exp(value - highest)
			result = log(result) + highest
		_:
			for value: float in row:
				result += value
			result = result / row.size() if op == "ReduceMean" else result
			result = log(result) if op == "ReduceLogSum" else result
	return [result]


## One number: the place of the largest, or smallest.
static func find_best(row: PackedFloat32Array, of_least: bool, is_last: bool) -> PackedFloat32Array:
	var best: float = Array(row).min() if of_least else Array(row).max()
	return [row.rfind(best) if is_last else row.find(best)]


## Sums up to each number, itself included or not.
static func sum_up(row: PackedFloat32Array, exclusive: bool, from_end: bool) -> PackedFloat32Array:
	var sum: float = 0.0
	for index: int in row.size():
		var place: int = row.size() - 1 - index if from_end else index
		var value: float = row[place]
		row[place] = sum if exclusive else sum + value
		sum += value
	return row


## With a norm of 1.
static func normalize_length(row: PackedFloat32Array, power: int) -> PackedFloat32Array:
	var op: String = "ReduceL1" if power == 1 else "ReduceL2"
	var norm: float = reduce(row, op)[0]
	for index: int in row.size():
		row[index] = row[index] / norm if norm > 0.0 else 0.0
	return row


## Chances that belong to logits, or their logarithms.
static func softmax(row: PackedFloat32Array, logarithm: bool) -> PackedFloat32Array:
	var highest: float = Array(row).max()
	var sum: float = 0.0
	for value: float in row:
		sum += exp(value - highest)
	for index: int in row.size():
		var shifted: float = row[index] - highest
		row[index] = shifted - log(sum) if logarithm else exp(shifted) / sum
	return row


## With mean 0 and variance 1, then scaled and shifted.
static func normalize(
	row: PackedFloat32Array, scale: PackedFloat32Array, bias: PackedFloat32Array, epsilon: float
) -> PackedFloat32Array:
	var mean: float = reduce(row, "ReduceMean")[0]
	var squares: float = 0.0
	for value: float in row:
		squares += (value - mean) ** 2
	var deviation: float = sqrt(squares / row.size() + epsilon)
	for index: int in row.size():
		row[index] = (row[index] - mean) / deviation * scale[index] + bias[index]
	return row
