extends RefCounted
## Policies that the editor starts a scene with, to see them play: each plays the agents of its
## name, whatever policy and mode these have. Exported games know nothing of it.

const RlNotices := preload("notices.gd")

const VARIABLE: String = "RL_STUDIO_POLICIES"

## Paths by policy name.
static var _paths: Dictionary = {}
static var _has_read: bool = false
static var _found: Dictionary[String, RLPolicy] = {}


## The policy that shall play agents of this name, or null.
static func find(policy_name: String) -> RLPolicy:
	var path: String = str(_read().get(policy_name, ""))
	if path.is_empty():
		return null
	if not _found.has(policy_name):
		_found[policy_name] = load(path) as RLPolicy if ResourceLoader.exists(path) else null
		if _found[policy_name] == null:
			push_error("RL Studio: %s: not a policy; has it been imported?" % path)
		else:
			print("%s is played by %s" % [policy_name, path])
	return _found[policy_name]


## Names the policies that no agent of the scene has asked for.
static func tell_of_unused() -> void:
	for policy_name: String in _read():
		if not _found.has(policy_name):
			var text: String = (
				'no agent here has the policy name "%s", so %s plays nobody.'
				% [policy_name, _paths[policy_name]]
			)
			RlNotices.tell(text, text)
			RlNotices.tell_editor(text)


static func _read() -> Dictionary:
	if not _has_read:
		_has_read = true
		if OS.has_environment(VARIABLE) and OS.has_feature("editor"):
			var paths: Variant = JSON.parse_string(OS.get_environment(VARIABLE))
			_paths = paths if paths is Dictionary else {}
	return _paths
