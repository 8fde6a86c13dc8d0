extends TestStage
## Between one and twelve agents, born and freed at random; or, with [member is_fixed], a fixed
## crew.

@export var kinds: PackedStringArray = ["seeker"]
@export var is_fixed: bool = false

var _rng: RandomNumberGenerator = RandomNumberGenerator.new()


func _ready() -> void:
	_rng.seed = randi()
	super()
	for index: int in (6 if is_fixed else 1) * kinds.size():
		_add(kinds[index % kinds.size()])


func _physics_process(_delta: float) -> void:
	if is_fixed or _rng.randf() > 0.02:
		return
	var bodies: Array[Node] = find_children("Body*", "Node2D", false, false)
	if _rng.randf() < 0.5 and bodies.size() < 12:
		_add(kinds[_rng.randi_range(0, kinds.size() - 1)])
	elif bodies.size() > 1:
		bodies[_rng.randi_range(0, bodies.size() - 1)].queue_free()


func _add(kind: String) -> void:
	var added: RLAgent = spawn("Body")
	added.policy_name = kind
