@tool
extends RefCounted
## Looks, without waiting, which Pythons this machine has, and whether it has a GPU. Poll it.

const RlPythonSearch := preload("python_search.gd")
const RlSetupChoices := preload("setup_choices.gd")
const RlShortRun := preload("short_run.gd")

const GPU_TIMEOUT_MS: int = 10_000

var _choices: RlSetupChoices
var _search: RlPythonSearch
var _gpu: RlShortRun


## What is found is shown in [param choices].
func _init(choices: RlSetupChoices) -> void:
	_choices = choices


## Begins, for the studio whose own files are in [param data_dir].
func start(data_dir: String) -> void:
	_search = RlPythonSearch.new()
	_search.start(data_dir)
	_gpu = RlShortRun.new()
	_gpu.start("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], GPU_TIMEOUT_MS)


## Looks after it; true once it is over.
func poll() -> bool:
	if _search != null and _search.poll():
		_choices.show_pythons(_search.found)
		_search = null
	if _gpu != null and _gpu.poll():
		if _gpu.exit_code == 0 and _gpu.output.strip_edges() != "":
			_choices.suggest_gpu(_gpu.output.strip_edges().get_slice("\n", 0))
		_gpu = null
	return _search == null and _gpu == null


## Ends it.
func stop() -> void:
	if _search != null:
		_search.stop()
	if _gpu != null:
		_gpu.stop()
