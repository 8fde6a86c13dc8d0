class_name TestStage
extends Node2D
## A scene of small games: its agents are made from a script, so that a game is one file.

## The script of the agents.
@export var agent: GDScript
@export var count: int = 2
@export var has_sync: bool = true
@export var action_repeat: int = 8


func _ready() -> void:
	for index: int in count:
		spawn("Body%d" % index)
	if has_sync:
		var sync: RLSync = RLSync.new()
		sync.name = "RLSync"
		sync.action_repeat = action_repeat
		_set_up(sync)
		add_child(sync)


## Adds a body with an agent; returns the agent.
func spawn(body_name: String, script: GDScript = agent) -> RLAgent:
	var body: Node2D = Node2D.new()
	body.name = body_name
	var made: RLAgent = script.new()
	made.name = "Agent"
	body.add_child(made)
	add_child(body, true)
	return made


## Override: what else is set of the RLSync.
func _set_up(_sync: RLSync) -> void:
	pass
