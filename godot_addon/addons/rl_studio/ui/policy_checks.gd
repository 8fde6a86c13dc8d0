@tool
extends HFlowContainer
## A check box for each policy that can be exported.

signal policy_toggled(policy: String, on: bool)

var _policies: PackedStringArray = []


## Draws [param policies], of which [param chosen] are ticked.
func show_policies(policies: PackedStringArray, chosen: PackedStringArray) -> void:
	if policies != _policies:
		_build(policies)
	for index: int in policies.size():
		var check: CheckBox = get_child(index)
		check.set_pressed_no_signal(policies[index] in chosen)


func _build(policies: PackedStringArray) -> void:
	_policies = policies.duplicate()
	for child: Node in get_children():
		remove_child(child)
		child.queue_free()
	for policy: String in policies:
		var check: CheckBox = CheckBox.new()
		check.text = policy
		check.toggled.connect(func(on: bool) -> void: policy_toggled.emit(policy, on))
		add_child(check)
