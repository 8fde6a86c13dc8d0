@tool
@icon("../icons/rl_sync.svg")
class_name RLSync
extends Node
## Drives all [RLAgent]s of the game: connects them to a trainer, to their policies or to a player.
##
## Add one to the scene you run. Every [member action_repeat] physics ticks it lets each agent
## observe and decide; in between the game goes on by itself. Training goes on when the scene is
## reloaded or changed, whether the next scene has an RLSync of its own or not; an autoload will do
## as well.
##
## @tutorial(Games that train): res://addons/rl_studio/manual/games.md
## @tutorial(The docks): res://addons/rl_studio/manual/editor.md

enum Mode {
	## The trainer if one launched the game, else the policy if there is one, else the player.
	AUTO,
	## The player.
	HUMAN,
	## A trainer, which is waited for at [member port].
	TRAINING,
	## [member RLAgent.policy], else [member policy].
	POLICY,
}

const RlListener := preload("listener.gd")
const RlRunningGame := preload("running_game.gd")
const RlSceneChecks := preload("scene_checks.gd")

## Where trainers of godot-rl listen.
const DEFAULT_PORT: int = 11008

static var _game: RlRunningGame = null

## Who steers the agents whose own [member RLAgent.mode] is Inherit.
@export var mode: RLSync.Mode = RLSync.Mode.AUTO:
	set(value):
		mode = value
		_tell_game()
## Physics ticks from one decision to the next: the action is kept meanwhile. A trainer can set
## another number.
@export_range(1, 60, 1, "or_greater", "suffix:ticks") var action_repeat: int = 8:
	set(value):
		action_repeat = value
		_tell_game()
## Plays all agents that have no policy of their own. Can be null.
@export var policy: RLPolicy:
	set(value):
		policy = value
		_tell_game()
		update_configuration_warnings()
## Many agents that policies play take turns within the ticks of [member action_repeat], so that no
## frame has to bear the decisions of all. Off: they all decide in the same tick, as in training.
@export var spread_decisions: bool = true:
	set(value):
		spread_decisions = value
		_tell_game()
## By policy name, how many of its agents are trained at once; further ones wait and do nothing.
## Training begins when each policy that is named here has an agent. For policies that are not named
## the trainer adds room as agents appear.
@export var agent_rows: Dictionary[String, int] = {}
## The TCP port of this machine where a trainer is looked for in training mode. A trainer that
## launches the game sets its own.
@export_range(1, 65535) var port: int = DEFAULT_PORT

# Neither _init nor _enter_tree: before any `_ready` of the scene draws random numbers.
@warning_ignore("unused_private_class_variable")
var _is_listening: bool = _listen()


func _ready() -> void:
	set_physics_process(false)
	if Engine.is_editor_hint():
		var listener: RlListener = RlListener.new()
		add_child(listener, false, Node.INTERNAL_MODE_BACK)
		listener.scene_changed.connect(update_configuration_warnings)


func _get_configuration_warnings() -> PackedStringArray:
	return RlSceneChecks.get_sync_problems(self)


## Returns whether a trainer is connected.
func is_training() -> bool:
	return is_instance_valid(_game) and _game.is_training()


func _listen() -> bool:
	if Engine.is_editor_hint():
		return false
	tree_entered.connect(_on_tree_entered)
	tree_exiting.connect(_on_tree_exiting)
	return true


func _tell_game() -> void:
	if is_inside_tree() and is_instance_valid(_game):
		_game.heed(self)


func _on_tree_entered() -> void:
	if not is_instance_valid(_game) or _game.is_queued_for_deletion():
		_game = RlRunningGame.new()
		# The root is busy while it sets up a scene.
		get_tree().root.add_child.call_deferred(_game)
	_game.join(self)


func _on_tree_exiting() -> void:
	if is_instance_valid(_game) and not _game.leave(self):
		_game.queue_free()
