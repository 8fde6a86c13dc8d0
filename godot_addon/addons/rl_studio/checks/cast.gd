@tool
extends RefCounted
## Who takes part in a training of a scene: the RLSync and the agents, of ours or of the stock
## godot_rl_agents plugin. Tells what is missing, and what an agent's script lacks.

## Whether one is there, may be made by code, or cannot come from anywhere.
enum RlPresence { THERE, LIKELY, POSSIBLE, NONE }

const RlFiles := preload("files.gd")
const RlFinding := preload("finding.gd")
const RlNearNames := preload("near_names.gd")
const RlSceneTree := preload("scene_tree.gd")
const RlScriptFacts := preload("script_facts.gd")
const RlScripts := preload("scripts.gd")

const SYNCS: PackedStringArray = ["RLSync", "Sync"]
const AGENTS: PackedStringArray = ["RLAgent", "AIController", "AIController2D", "AIController3D"]
const STOCK_GROUP: String = '"AGENT"'
const STOCK_SYNC: String = "/sync.gd"
## What tells agents and a Sync of that plugin whose classes have other names.
const STOCK_AGENT_HAS: PackedStringArray = [
	"get_obs", "get_reward", "get_action_space", "set_action"
]
const STOCK_SYNC_HAS: PackedStringArray = ["connect_to_server"]
const STOCK_SYNC_SETTING: String = "onnx_model_path"
## By class, what its scripts must have for a training to begin, and what they should have.
const MUST_HAVE: Dictionary = {
	"RLAgent": ["_get_observation", "_get_action_space"], "": ["get_obs", "get_action_space"]
}
const SHOULD_HAVE: Dictionary = {"RLAgent": ["_apply_action"], "": ["get_reward", "set_action"]}
## Values of `mode` of RLAgent and RLSync with which nothing is trained.
const UNTRAINED: Dictionary = {"1": "Human", "3": "Policy"}

var _files: RlFiles
var _scripts: RlScripts
var _syncs: Array[RlSceneTree.RlNode] = []
var _agents: Array[RlSceneTree.RlNode] = []


func _init(files: RlFiles, scripts: RlScripts) -> void:
	_files = files
	_scripts = scripts
	for node: RlSceneTree.RlNode in files.nodes:
		if _is_sync(node):
			_syncs.append(node)
		elif _is_agent(node):
			_agents.append(node)


func get_findings() -> Array[RlFinding]:
	var findings: Array[RlFinding] = []
	findings.append_array(_about_syncs())
	findings.append_array(_about_agents())
	return findings


## The agents of the scene that are not set to be played.
func get_learners() -> Array[RlSceneTree.RlNode]:
	return _agents.filter(
		func(agent: RlSceneTree.RlNode) -> bool:
			return not UNTRAINED.has(agent.properties.get("mode", ""))
	)


func _about_syncs() -> Array[RlFinding]:
	if _syncs.is_empty() and _is_stock():
		return _absence(
			_presence(_is_sync, SYNCS),
			"no_sync",
			(
				"No Sync of godot_rl_agents in %s or in what it instances: nobody drives its agents."
				% _files.scene.get_file()
			),
			"Add that plugin's Sync node to the scene.",
			RlFinding.RlFix.OPEN_SCENE
		)
	if _syncs.is_empty():
		return _absence(
			_presence(_is_sync, SYNCS),
			"no_sync",
			"No RLSync in %s or in what it instances." % _files.scene.get_file(),
			"Add one to the scene.",
			RlFinding.RlFix.ADD_SYNC
		)
	var findings: Array[RlFinding] = []
	if _syncs.size() > 1:
		var finding: RlFinding = _about(
			_syncs[1],
			"second_sync",
			(
				"%s is a second %s: only the first one works."
				% [_syncs[1].path, "Sync" if _is_stock() else "RLSync"]
			)
		)
		finding.severity = RlFinding.RlSeverity.WARNING
		findings.append(finding)
	var mode: String = _syncs[0].properties.get("mode", "")
	if UNTRAINED.has(mode) and _scripts.is_called(_syncs[0].script_path, ["RLSync"]):
		var finding: RlFinding = _about(
			_syncs[0],
			"not_trained",
			"%s has the mode %s: agents are not trained." % [_syncs[0].path, UNTRAINED[mode]],
			"Set its mode to Auto."
		)
		finding.severity = RlFinding.RlSeverity.WARNING
		findings.append(finding)
	return findings


func _about_agents() -> Array[RlFinding]:
	if _agents.is_empty() and _is_stock():
		return _absence(
			_presence(_is_agent, AGENTS),
			"no_agent",
			(
				"No AIController of godot_rl_agents in %s or in what it instances."
				% _files.scene.get_file()
			),
			"Add an AIController2D or AIController3D below each body that shall learn.",
			RlFinding.RlFix.OPEN_SCENE
		)
	if _agents.is_empty():
		return _absence(
			_presence(_is_agent, AGENTS),
			"no_agent",
			"No RLAgent in %s or in what it instances." % _files.scene.get_file(),
			"Add one below each body that shall learn.",
			RlFinding.RlFix.ADD_AGENT
		)
	var findings: Array[RlFinding] = []
	var seen: Dictionary[String, bool] = {}
	for agent: RlSceneTree.RlNode in _agents:
		if seen.has(agent.script_path) or UNTRAINED.has(agent.properties.get("mode", "")):
			continue
		seen[agent.script_path] = true
		findings.append_array(_about_script(agent))
	return findings


func _about_script(agent: RlSceneTree.RlNode) -> Array[RlFinding]:
	var own: Dictionary[String, bool] = {}
	var inherited: Dictionary[String, bool] = {}
	var kind: String = ""
	for path: String in _scripts.lineage(agent.script_path):
		var said: RlScriptFacts = _scripts.facts(path)
		if said == null:
			return []
		if said.global_name in AGENTS:
			kind = said.global_name
			inherited = said.functions
			break
		own.merge(said.functions)
	if kind == "":
		return []  # a node of the stock group: anything goes
	if agent.script_path.begins_with(RlScripts.OURS):
		return [_without_script(agent)]
	var key: String = kind if MUST_HAVE.has(kind) else ""
	var findings: Array[RlFinding] = []
	for names: Array in [MUST_HAVE[key], SHOULD_HAVE[key]]:
		var missing: PackedStringArray = []
		for name: String in names:
			if not own.has(name):
				missing.append(name)
		if missing.is_empty():
			continue
		var finding: RlFinding = RlFinding.new(
			"missing_method",
			"The script of %s has no %s." % [agent.path, " and no ".join(missing)],
			_near_miss(missing, own, inherited) + "Override it: see the help of %s." % kind,
			RlFinding.RlFix.OPEN_SCRIPT
		)
		finding.node = agent.path
		finding.at(agent.script_path.get_slice("::", 0))
		if names == SHOULD_HAVE[key]:
			finding.severity = RlFinding.RlSeverity.WARNING
		findings.append(finding)
	return findings


## Asks whether a function of the script was meant to be one that is missing; "" if none looks so.
static func _near_miss(
	missing: PackedStringArray, own: Dictionary[String, bool], inherited: Dictionary[String, bool]
) -> String:
	var others: PackedStringArray = []
	for function: String in own:
		if not inherited.has(function):
			others.append(function)
	for name: String in missing:
		var near: String = RlNearNames.nearest(name, others, RlNearNames.METHODS_ALIKE)
		if near != "":
			return "It has %s: did you mean %s? " % [near, name]
	return ""


func _without_script(agent: RlSceneTree.RlNode) -> RlFinding:
	return _about(
		agent,
		"missing_method",
		"%s has no script of its own: it observes nothing and can do nothing." % agent.path,
		"Extend its script and override _get_observation and _get_action_space."
	)


func _about(
	node: RlSceneTree.RlNode, code: String, message: String, hint: String = ""
) -> RlFinding:
	var finding: RlFinding = RlFinding.new(code, message, hint, RlFinding.RlFix.OPEN_SCENE)
	finding.node = node.path
	finding.at(node.file, node.line)
	return finding


## What to say of a kind of node that the scene does not have.
func _absence(
	presence: RlPresence, code: String, message: String, hint: String, fix: RlFinding.RlFix
) -> Array[RlFinding]:
	if presence in [RlPresence.THERE, RlPresence.LIKELY]:
		return []
	var finding: RlFinding = RlFinding.new(code, message, hint, fix)
	finding.at(_files.scene)
	if presence == RlPresence.POSSIBLE:
		finding.severity = RlFinding.RlSeverity.WARNING
		finding.hint = "%s If a script adds it while the game runs, all is well." % hint
	return [finding]


func _presence(is_one: Callable, names: PackedStringArray) -> RlPresence:
	if _files.spare_nodes.any(is_one):
		return RlPresence.LIKELY
	var names_one: Callable = func(path: String, said: RlScriptFacts) -> bool:
		for name: String in names:
			if said.names.has(name) and not _scripts.is_called(path, names):
				return true
		return said.loads_more or STOCK_GROUP in said.text
	if _files.has_foreign_scripts() or _files.any_script(names_one):
		return RlPresence.POSSIBLE
	return RlPresence.NONE


func _is_sync(node: RlSceneTree.RlNode) -> bool:
	if node.script_path == "":
		return false
	var root: String = _scripts.lineage(node.script_path)[-1]
	return (
		_scripts.is_called(node.script_path, SYNCS)
		or root.ends_with("godot_rl_agents" + STOCK_SYNC)
		or _has_all(node, STOCK_SYNC_HAS, STOCK_SYNC_SETTING)
	)


func _is_agent(node: RlSceneTree.RlNode) -> bool:
	return (
		STOCK_GROUP in node.groups
		or _scripts.is_called(node.script_path, AGENTS)
		or _has_all(node, STOCK_AGENT_HAS)
	)


## Whether the nodes that are there are those of godot_rl_agents.
func _is_stock() -> bool:
	var known: Array[RlSceneTree.RlNode] = _agents if not _agents.is_empty() else _syncs
	for node: RlSceneTree.RlNode in known:
		if _scripts.is_called(node.script_path, ["RLAgent", "RLSync"]):
			return false
	return not known.is_empty()


## Whether the script of [param node], with those that it extends, has all [param functions], and
## says [param setting].
func _has_all(node: RlSceneTree.RlNode, functions: PackedStringArray, setting: String = "") -> bool:
	var left: Dictionary[String, bool] = {}
	for function: String in functions:
		left[function] = true
	var says_it: bool = setting.is_empty()
	for path: String in _scripts.lineage(node.script_path):
		var said: RlScriptFacts = _scripts.facts(path)
		if said == null:
			continue
		says_it = says_it or setting in said.text
		for function: String in said.functions:
			left.erase(function)
	return says_it and left.is_empty()
