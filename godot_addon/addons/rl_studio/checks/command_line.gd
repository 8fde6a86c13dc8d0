extends SceneTree
## The look at a scene, for the command line:
##
##     godot --headless --path PROJECT --check-only -s …/command_line.gd -- SCENE [--not-imported]
##         [--single-policy]
##
## With --check-only Godot reads this script and ends, before any autoload or scene begins; all is
## done while it is read. Prints "@FINDINGS" and a JSON array.

const RlFinding := preload("finding.gd")
const RlSceneLook := preload("scene_look.gd")


static func _static_init() -> void:
	var arguments: PackedStringArray = OS.get_cmdline_user_args()
	if arguments.is_empty():
		return
	var told: Array[Dictionary] = []
	for finding: RlFinding in RlSceneLook.new().look(
		arguments[0], "--not-imported" not in arguments, "--single-policy" in arguments
	):
		told.append(finding.to_dictionary())
	print("@FINDINGS %s" % JSON.stringify(told))
