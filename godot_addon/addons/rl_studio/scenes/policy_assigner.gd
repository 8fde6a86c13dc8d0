@tool
extends RefCounted
## Gives policies to agents of the open scene, all in one action that can be undone.

const RlAgentTarget := preload("agent_target.gd")
const RlPolicyFiles := preload("policy_files.gd")


## Returns how many agents got their policy; files that cannot be loaded are passed over.
static func assign(targets: Array[RlAgentTarget]) -> int:
	var root: Node = EditorInterface.get_edited_scene_root()
	var changes: EditorUndoRedoManager = EditorInterface.get_editor_undo_redo()
	var count: int = 0
	for target: RlAgentTarget in targets:
		var policy: RLPolicy = RlPolicyFiles.find(target.path)
		if policy == null or not is_instance_valid(target.node):
			continue
		if count == 0:
			changes.create_action("Assign Policies", UndoRedo.MERGE_DISABLE, root)
		changes.add_do_property(target.node, &"policy", policy)
		changes.add_undo_property(target.node, &"policy", target.node.get(&"policy"))
		count += 1
	if count > 0:
		changes.commit_action()
	return count
