@tool
extends VBoxContainer
## Says below the policy of an agent, or of the RLSync, whether it fits, with what is expected and
## found. Where the editor cannot tell, the scene can be started to find out.

const RlHintLine := preload("../ui/hint_line.gd")
const RlPolicyFit := preload("../runtime/policy_fit.gd")
const RlSceneChecks := preload("../runtime/scene_checks.gd")
const RlSceneProber := preload("../scenes/scene_prober.gd")

var _node: Node
var _shown: Resource
var _good: RlHintLine = RlHintLine.new()
var _bad: RlHintLine = RlHintLine.new()
var _unknown: RlHintLine = RlHintLine.new()
var _check: Button = Button.new()
var _prober: RlSceneProber = RlSceneProber.new()


func _init() -> void:
	name = "RLFitNote"
	_good.name = "Good"
	_good.icon_name = &"StatusSuccess"
	_bad.name = "Bad"
	_bad.icon_name = &"StatusWarning"
	_unknown.name = "Unknown"
	_check.name = "Check"


## [param node]: an RLAgent or the RLSync. Must be called before the note enters the tree.
func setup(node: Node) -> void:
	_node = node


func _ready() -> void:
	_check.text = "Check"
	_check.tooltip_text = RlSceneProber.TOOLTIP
	_check.size_flags_horizontal = Control.SIZE_SHRINK_BEGIN
	_check.pressed.connect(_on_check_pressed)
	for part: Control in [_good, _bad, _unknown, _check]:
		add_child(part)
	add_child(_prober)
	_prober.finished.connect(_on_prober_finished)
	render()


func _enter_tree() -> void:
	EditorInterface.get_editor_undo_redo().version_changed.connect(_on_version_changed)
	EditorInterface.get_inspector().property_edited.connect(_on_property_edited)
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	files.resources_reimported.connect(_on_reimported)


func _exit_tree() -> void:
	EditorInterface.get_editor_undo_redo().version_changed.disconnect(_on_version_changed)
	EditorInterface.get_inspector().property_edited.disconnect(_on_property_edited)
	var files: EditorFileSystem = EditorInterface.get_resource_filesystem()
	files.resources_reimported.disconnect(_on_reimported)


## Compares anew and draws it.
func render() -> void:
	if not is_node_ready() or not is_instance_valid(_node) or not _node.is_inside_tree():
		return
	var policy: RLPolicy = _node.get(&"policy")
	_shown = policy
	visible = policy != null
	if policy == null:
		return
	var problems: PackedStringArray = []
	var asked: int = 0
	var agents: Array[Node] = _find_agents()
	for agent: Node in agents:
		asked += 1 if RlPolicyFit.can_check(agent) else 0
		for problem: String in RlSceneChecks.get_policy_problems(agent, policy):
			var text: String = problem if agents == [_node] else "%s: %s" % [agent.name, problem]
			if text not in problems:
				problems.append(text)
	_bad.show_hint("\n".join(problems))
	_good.show_hint(_describe_good(asked) if asked > 0 and problems.is_empty() else "")
	var open_questions: int = agents.size() - asked if problems.is_empty() else 0
	_unknown.show_hint("Whether it fits is known once the game has run." if open_questions else "")
	_check.visible = open_questions > 0
	_check.disabled = _prober.is_running()


func _describe_good(agent_count: int) -> String:
	if _node is RLAgent:
		return "The policy fits."
	return "It fits the agent." if agent_count == 1 else "It fits %d agents." % agent_count


## The agent itself, or those that have no policy but the RLSync's.
func _find_agents() -> Array[Node]:
	if _node is RLAgent:
		return [_node]
	return RlSceneChecks.find_agents(_node).filter(
		func(agent: Node) -> bool: return agent.get(&"policy") == null
	)


func _on_check_pressed() -> void:
	var policies: PackedStringArray = []
	for agent: Node in _find_agents():
		policies.append(str(agent.get(&"policy_name")))
	var problem: String = _prober.begin(policies)
	if problem == "":
		problem = "Asking the agents of %s…" % _prober.scene.get_file()
		_check.disabled = true
	_unknown.show_hint(problem)


func _on_prober_finished(problem: String) -> void:
	render()
	if problem == "" and _check.visible:
		problem = _prober.describe_strangers()
	if problem != "":
		_unknown.show_hint(problem)


func _on_version_changed() -> void:
	if is_instance_valid(_node) and _node.get(&"policy") != _shown:
		render()


func _on_property_edited(_property: String) -> void:
	render()


func _on_reimported(_paths: PackedStringArray) -> void:
	render()
