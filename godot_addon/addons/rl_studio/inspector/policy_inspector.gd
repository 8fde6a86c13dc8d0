@tool
extends EditorInspectorPlugin
## Puts our own parts into the inspector: a card above a policy, a note below the policy of an
## agent.

const RlFitNote := preload("fit_note.gd")
const RlPolicyCard := preload("policy_card.gd")

const PROPERTY: String = "policy"

## The property before was the policy: the note comes before the next one.
var _is_note_due: bool = false


func _can_handle(object: Object) -> bool:
	return object is RLPolicy or object is RLAgent or object is RLSync


func _parse_begin(object: Object) -> void:
	_is_note_due = false
	if object is RLPolicy:
		var policy: RLPolicy = object
		var card: RlPolicyCard = RlPolicyCard.new()
		card.setup(policy)
		add_custom_control(card)


func _parse_property(
	object: Object,
	_type: Variant.Type,
	property: String,
	_hint_type: PropertyHint,
	_hint_string: String,
	_usage_flags: int,
	_wide: bool
) -> bool:
	if _is_note_due:
		_is_note_due = false
		var note: RlFitNote = RlFitNote.new()
		var node: Node = object
		note.setup(node)
		add_custom_control(note)
	_is_note_due = property == PROPERTY and object is Node
	return false
