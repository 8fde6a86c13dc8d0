@tool
extends RefCounted
## Looks at a scene before it is trained: what can be known without starting the game is found in
## the files, in a moment. The editor and the command line have the same findings.

const RlCast := preload("cast.gd")
const RlFiles := preload("files.gd")
const RlFinding := preload("finding.gd")
const RlNearNames := preload("near_names.gd")
const RlPolicyNames := preload("policy_names.gd")
const RlSceneText := preload("scene_text.gd")
const RlSceneTree := preload("scene_tree.gd")
const RlScripts := preload("scripts.gd")

var _scripts: RlScripts = RlScripts.new()


## What is wrong with [param scene] (a res:// path), errors first. With [param is_imported] false
## Godot has not imported the project: then only what is there at all is looked at. With
## [param single_policy] the trainer trains no more than one policy.
func look(scene: String, is_imported: bool = true, single_policy: bool = false) -> Array[RlFinding]:
	scene = RlSceneText.resolve(scene, scene)
	if scene == "":
		return [_no_scene()]
	if not FileAccess.file_exists(scene):
		return [_missing_scene(scene)]
	_scripts.refresh(not is_imported)
	var files: RlFiles = RlFiles.new(scene, _scripts)
	var findings: Array[RlFinding] = files.get_missing(is_imported)
	findings.append_array(files.get_foreign_scripts())
	if is_imported:
		findings.append_array(_script_errors(files))
	var cast: RlCast = RlCast.new(files, _scripts)
	findings.append_array(cast.get_findings())
	if single_policy:
		findings.append_array(RlPolicyNames.check(cast.get_learners(), _scripts))
	findings.sort_custom(
		func(a: RlFinding, b: RlFinding) -> bool: return a.is_error() and not b.is_error()
	)
	return findings


func _script_errors(files: RlFiles) -> Array[RlFinding]:
	var findings: Array[RlFinding] = []
	var errors: Dictionary[String, Array] = _scripts.errors_of(files.get_all_scripts())
	for path: String in errors:
		var first: Dictionary = errors[path][0]
		var message: String = first["text"]
		if errors[path].size() > 1:
			message += " (and %d more in this script)" % (errors[path].size() - 1)
		var line: int = first["line"]
		var finding: RlFinding = RlFinding.new(
			"script_error", message, files.describe_users(path), RlFinding.RlFix.OPEN_SCRIPT
		)
		finding.at(path, line)
		if "::" in path:
			var scene: String = path.get_slice("::", 0)
			var id: String = path.get_slice("::", 1)
			var from: int = RlSceneText.new(scene).script_lines.get(id, 1)
			finding.at(scene, from + line - 1)
		finding.node = files.first_user(path)
		if not files.is_sure(path):
			finding.severity = RlFinding.RlSeverity.WARNING
		findings.append(finding)
	return findings


static func _no_scene() -> RlFinding:
	return RlFinding.new(
		"no_scene",
		"There is no scene to train in: the project has no main scene.",
		"Choose the scene to train in."
	)


static func _missing_scene(scene: String) -> RlFinding:
	var near: String = RlNearNames.nearest_file(scene)
	var question: String = ": did you mean %s?" % near if near != "" else "."
	var finding: RlFinding = RlFinding.new(
		"scene_missing",
		"The scene %s does not exist%s" % [scene, question],
		"Choose another scene."
	)
	finding.at(scene)
	return finding
