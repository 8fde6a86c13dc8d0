@tool
extends RefCounted
## Starts a scene in which policies play the agents of their names, whatever the scene says.

const RlPlayedPolicies := preload("../runtime/played_policies.gd")
const RlPolicyFiles := preload("policy_files.gd")


## Plays [param scene] with [param files], res:// paths by policy name. Returns why it cannot, and
## what to do; "" if it plays.
static func play(scene: String, files: Dictionary[String, String]) -> String:
	if not FileAccess.file_exists(scene):
		return "%s is gone: choose another scene." % scene
	for path: String in files.values():
		if RlPolicyFiles.find(path) == null:
			return "%s is gone: export it again." % path
	# The game inherits the environment; nothing of the project is changed.
	OS.set_environment(RlPlayedPolicies.VARIABLE, JSON.stringify(files))
	EditorInterface.play_custom_scene(scene)
	OS.unset_environment(RlPlayedPolicies.VARIABLE)
	if not EditorInterface.is_playing_scene():
		return "Godot did not start %s: see the Output panel." % scene.get_file()
	return ""
