extends TestStage
## Agents of two policies come and go at random: freed, taken out of the scene and put back, moved
## to other parents; some end their episodes before, some do not.

@export var most: int = 12
@export var policies: PackedStringArray = ["cat", "dog"]

var _out: Array[Node] = []
var _rng: RandomNumberGenerator = RandomNumberGenerator.new()


func _ready() -> void:
	_rng.seed = 5
	super()
	for index: int in policies.size():
		_add(policies[index])


func _physics_process(_delta: float) -> void:
	if _rng.randf() > 0.12:
		return
	var bodies: Array[Node] = find_children("Body*", "Node2D", false, false)
	match _rng.randi_range(0, 5):
		0, 1 when bodies.size() + _out.size() < most:
			_add(policies[_rng.randi_range(0, policies.size() - 1)])
		2 when bodies.size() > 2:
			_leave(bodies[_rng.randi_range(0, bodies.size() - 1)]).queue_free()
		3 when bodies.size() > 2:
			var body: Node = _leave(bodies[_rng.randi_range(0, bodies.size() - 1)])
			remove_child(body)
			_out.append(body)
		4 when not _out.is_empty():
			var body: Node = _out.pop_back()
			add_child(body, true)
		5:
			_move(bodies[_rng.randi_range(0, bodies.size() - 1)])


func _exit_tree() -> void:
	for body: Node in _out:
		body.free()


func _add(policy_name: String) -> void:
	var added: RLAgent = spawn("Body")
	added.policy_name = policy_name
	var tagged: Tagged = added
	tagged.length = 30 if tagged.number % 3 == 0 else 0


func _leave(body: Node) -> Node:
	var tagged: Tagged = body.get_child(0)
	if _rng.randf() < 0.5:
		tagged.finish()
	return body


## To another parent and back: the agent goes on.
func _move(body: Node) -> void:
	var elsewhere: Node2D = Node2D.new()
	add_child(elsewhere)
	body.reparent(elsewhere)
	body.reparent(self)
	elsewhere.queue_free()
