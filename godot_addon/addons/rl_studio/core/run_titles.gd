@tool
extends RefCounted
## What runs are called in lists: with their scenes, if these differ.

const RlRunState := preload("run_state.gd")


## The name of [param run] in a list of [param runs].
static func title(run: RlRunState, runs: Array[RlRunState]) -> String:
	var scene: String = scene_note(run, runs)
	return run.title() if scene == "" else "%s · %s" % [run.title(), scene]


## The scene of [param run], if that tells it from others of [param runs]; else "".
static func scene_note(run: RlRunState, runs: Array[RlRunState]) -> String:
	for other: RlRunState in runs:
		if other.scene != run.scene:
			return run.scene_name()
	return ""
