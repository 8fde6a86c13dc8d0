extends StaticBody3D
## Square tiles over the void, some of them missing. Which ones is drawn anew for each round.

signal changed

const TILES: int = 9
## Width of a tile, in metres.
const TILE: float = 2.0
const HEIGHT: float = 3.0
const PITS: int = 16
## From the middle to the edge.
const HALF_SIZE: float = TILES * TILE / 2.0

var _tiles: Array[CollisionShape3D] = []
var _solid: PackedInt32Array = []


func _ready() -> void:
	var shape: BoxShape3D = BoxShape3D.new()
	shape.size = Vector3(TILE, HEIGHT, TILE)
	for number: int in TILES * TILES:
		var tile: CollisionShape3D = CollisionShape3D.new()
		tile.shape = shape
		tile.position = get_place(number) + Vector3.DOWN * (HEIGHT / 2.0)
		add_child(tile)
		_tiles.append(tile)


## Takes other tiles away.
func shuffle() -> void:
	var pits: PackedInt32Array = _draw_numbers(range(TILES * TILES), PITS)
	_solid.clear()
	for number: int in TILES * TILES:
		_tiles[number].disabled = number in pits
		if not number in pits:
			_solid.append(number)
	changed.emit()


## Numbers of the tiles that are there.
func get_solid() -> PackedInt32Array:
	return _solid


## Returns the middle of a tile's top.
func get_place(number: int) -> Vector3:
	var row: int = floori(float(number) / TILES)
	var column: int = number - row * TILES
	return Vector3(column + 0.5, 0.0, row + 0.5) * TILE - Vector3(HALF_SIZE, 0.0, HALF_SIZE)


## Returns the middles of [param count] different tiles that are there.
func find_places(count: int) -> PackedVector3Array:
	var places: PackedVector3Array = []
	for number: int in _draw_numbers(_solid, count):
		places.append(get_place(number))
	return places


## Whether there is a tile below a point.
func is_solid(at: Vector3) -> bool:
	var column: int = floori((at.x + HALF_SIZE) / TILE)
	var row: int = floori((at.z + HALF_SIZE) / TILE)
	if mini(column, row) < 0 or maxi(column, row) >= TILES:
		return false
	return not _tiles[row * TILES + column].disabled


func _draw_numbers(from: Array, count: int) -> PackedInt32Array:
	var left: PackedInt32Array = PackedInt32Array(from)
	var drawn: PackedInt32Array = []
	for draw: int in count:
		var index: int = randi_range(0, left.size() - 1)
		drawn.append(left[index])
		left.remove_at(index)
	return drawn
