@tool
extends RefCounted
## Loads and saves experiments: the form of the Train dock is one, and what is typed into it is
## saved a moment later.

const RlBackendClient := preload("backend_client.gd")
const RlFormField := preload("../core/form_field.gd")
const RlProblem := preload("../core/problem.gd")
const RlRead := preload("../core/read.gd")
const RlReply := preload("../core/reply.gd")
const RlStudioState := preload("../core/studio_state.gd")

const DEFAULT: String = "default"

var _state: RlStudioState
var _client: RlBackendClient
## Counts changes of the form, so that an answer to an older one is not taken for the newest.
var _revision: int = 0
var _saved_revision: int = 0
## What was chosen for trainers that were left, to find it again on the way back.
var _left: Dictionary[String, Dictionary] = {}


func _init(state: RlStudioState, client: RlBackendClient) -> void:
	_state = state
	_client = client
	_state.form.value_changed.connect(_on_form_value_changed)


## Loads [param name] into the form; "" or an unknown name loads the default one.
func select(name: String) -> void:
	if name == "" or name not in _state.experiments:
		name = DEFAULT
	_client.request("experiment.get", {"name": name}, _on_loaded)


## Loads the experiment that was open, unless the form has changes that are not saved yet.
func reload() -> void:
	if has_unsaved_changes():
		save(func(_ok: bool) -> void: pass)
	else:
		select(_state.experiment)


## Asks again what is to be told of the saved settings, say after a file beside them was mended.
func refresh_notes() -> void:
	if _state.experiment == "" or not _client.is_open():
		return
	var asked: String = _state.experiment
	var on_reply: Callable = func(reply: RlReply) -> void:
		if reply.ok and asked == _state.experiment:
			_state.set_notes(reply.result)
	_client.request("experiment.get", {"name": asked}, on_reply)


## Makes a new experiment with the values of the form, and turns to it.
func create(name: String) -> void:
	var params: Dictionary = {
		"name": name, "trainer": _state.trainer, "overrides": _state.form.overrides()
	}
	var on_reply: Callable = func(reply: RlReply) -> void:
		if not reply.ok:
			_state.set_problem(RlProblem.new(reply.message, reply.hint))
			return
		_on_loaded(reply)
	_client.request("experiment.save", params, on_reply)


## Turns the open experiment to another trainer; values of fields both have stay, and those that
## were chosen for it before come back.
func change_trainer(name: String) -> void:
	_revision += 1
	_left[_state.trainer] = _state.form.choices()
	var left: Dictionary = _left.get(name, {})
	var values: Dictionary = left.duplicate()
	for description: Dictionary in RlRead.dicts(_state.trainer_info(name), "fields"):
		var field: RlFormField = RlFormField.new(description)
		var value: Variant = _state.form.choices().get(field.key)
		if value != null and field.check(value) == "":
			values[field.key] = value
	_state.open_experiment(_state.experiment, name, values)
	_state.set_notes({})


## Whether the form differs from what the backend has.
func has_unsaved_changes() -> bool:
	return _revision != _saved_revision


## Saves the form and calls [param on_saved] with whether all is well.
func save(on_saved: Callable) -> void:
	if _state.experiment == "" or not has_unsaved_changes():
		on_saved.call(not _state.form.has_errors())
		return
	if _state.form.has_errors():
		on_saved.call(false)
		return
	var revision: int = _revision
	var params: Dictionary = {
		"name": _state.experiment,
		"trainer": _state.trainer,
		"overrides": _state.form.overrides(),
	}
	var on_reply: Callable = func(reply: RlReply) -> void:
		if reply.ok:
			_saved_revision = revision
			_state.set_notes(reply.result)
			_state.set_problem(null)
		else:
			_show_refusal(reply)
		on_saved.call(reply.ok)
	_client.request("experiment.save", params, on_reply)


func _show_refusal(reply: RlReply) -> void:
	var refusals: Array[Dictionary] = RlRead.dicts(reply.data, "errors")
	var homeless: PackedStringArray = _state.form.show_refusals(refusals)
	if refusals.is_empty() or not homeless.is_empty():
		var text: String = "\n".join(homeless) if not homeless.is_empty() else reply.message
		_state.set_problem(RlProblem.new(text, reply.hint))


func _on_loaded(reply: RlReply) -> void:
	if not reply.ok:
		_state.set_problem(RlProblem.new(reply.message, reply.hint))
		return
	_saved_revision = _revision
	_left.clear()
	_state.open_experiment(
		RlRead.text(reply.result, "name"),
		RlRead.text(reply.result, "trainer"),
		RlRead.dict(reply.result, "overrides")
	)
	_state.set_notes(reply.result)


func _on_form_value_changed(_key: String) -> void:
	_revision += 1
