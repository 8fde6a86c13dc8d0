@tool
extends RefCounted
## How large a network and its values may become. A file of a few bytes can ask for any number of
## numbers, so each size is checked before anything of that size is made.

## Numbers of a value, unless the file itself stores more.
const VALUE: int = 1 << 20
## Numbers computed while a network is imported, besides those for what the file stores.
const WORK: int = 1 << 22
## The same for each number that the file stores.
const WORK_EACH: int = 16
const AXES: int = 16
const NODES: int = 10_000
## Inputs and outputs of a network, each.
const PORTS: int = 256
const FILE_BYTES: int = 1 << 30
## An import that takes longer is given up.
const TIME_MS: int = 30_000
## Products beyond this count as endless.
const ENDLESS: int = 1 << 50


## The product of [param lengths]; -1 if one is negative or the product is endless.
static func count(lengths: PackedInt64Array) -> int:
	var product: int = 1
	var is_endless: bool = false
	for length: int in lengths:
		if length < 0:
			return -1
		if length > 0 and product > floori(float(ENDLESS) / length):
			is_endless = true
			continue
		product *= length
	return -1 if is_endless and product > 0 else product


## What is wrong with a value of [param shape] that may have [param most] numbers; "" if nothing.
static func problem(shape: PackedInt64Array, most: int = VALUE) -> String:
	if shape.size() > AXES:
		return "has %d axes, %d at most are possible" % [shape.size(), AXES]
	for length: int in shape:
		if length < 0:
			return "has the shape %s, which is negative" % shape
	var found: int = count(shape)
	if found < 0 or found > most:
		return (
			"has the shape %s, which is more than the %d numbers that are possible" % [shape, most]
		)
	return ""
