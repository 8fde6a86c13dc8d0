@tool
extends VBoxContainer
## What the user chooses before a set-up: what is installed, the build of PyTorch, and the Python.

## A choice changed.
signal changed

const RlCarriedPackage := preload("carried_package.gd")
const RlLook := preload("../ui/look.gd")
const RlManagedEnvironment := preload("managed_environment.gd")
const RlPythonInstall := preload("python_install.gd")
const RlRead := preload("../core/read.gd")

## The item of the list of Pythons that stands for one that uv brings.
const UV_ID: int = 1000
const BUILDS: PackedStringArray = ["cpu", "gpu"]

var _package: RlCarriedPackage
var _environment: RlManagedEnvironment
var _pythons: Array[RlPythonInstall] = []
var _boxes: Dictionary[String, CheckBox] = {}
var _torch: OptionButton = OptionButton.new()
var _python: OptionButton = OptionButton.new()
var _python_note: Label = Label.new()
var _size: Label = Label.new()


func _init() -> void:
	for list: OptionButton in [_torch, _python]:
		list.fit_to_longest_item = false
		list.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
		list.clip_text = true
		list.size_flags_horizontal = Control.SIZE_EXPAND_FILL
		list.item_selected.connect(func(_index: int) -> void: _on_chosen())
	for label: Label in [_python_note, _size]:
		label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_torch.name = "Torch"
	_python.name = "Python"
	_python_note.name = "PythonNote"
	_size.name = "Size"


## Builds the choices of [param package]; what [param environment] has is chosen already.
func setup(package: RlCarriedPackage, environment: RlManagedEnvironment) -> void:
	_package = package
	_environment = environment
	for extra: String in package.extras():
		_add_extra(extra)
	for build: String in BUILDS:
		var part: Dictionary = package.torch(build)
		var bytes: int = RlRead.integer(part, "download")
		_torch.add_item("PyTorch for %s (%s)" % [RlRead.text(part, "title"), _megabytes(bytes)])
	_torch.visible = OS.get_name() != "macOS"
	_torch.select(BUILDS.find(environment.torch) if environment.torch in BUILDS else 0)
	_torch.tooltip_text = "One build trains on the processor, the other on an NVIDIA GPU as well."
	for control: Control in [_torch, _python, _python_note, _size]:
		add_child(control)
	_python.add_item("Looking for Pythons…")
	_python.disabled = true
	_python_note.visible = false
	_render_size()


## What [param environment] has has changed.
func show_environment(environment: RlManagedEnvironment) -> void:
	_environment = environment
	if environment.torch in BUILDS:
		_torch.select(BUILDS.find(environment.torch))
	for extra: String in _boxes:
		_show_extra(extra)
	_render_size()


## Shows which Pythons there are, the best first.
func show_pythons(pythons: Array[RlPythonInstall]) -> void:
	_pythons = pythons.duplicate()
	_python.clear()
	for index: int in _pythons.size():
		_python.add_item(_pythons[index].title(), index)
		_python.set_item_disabled(index, not _pythons[index].suits())
		_python.set_item_tooltip(index, _pythons[index].path)
	_python.add_item("Bring a Python of its own, by uv (50 MB)", UV_ID)
	_python.disabled = false
	var has_one: bool = not _pythons.is_empty() and _pythons[0].suits()
	_python.select(0 if has_one else _python.item_count - 1)
	for index: int in _pythons.size():
		if _pythons[index].suits() and _pythons[index].path == _environment.base:
			_python.select(index)
	_python_note.visible = not has_one
	_python_note.text = "No Python of this machine suits, 3.11 to 3.14 is needed: uv brings one."
	_on_chosen()


## Chooses the build of PyTorch for the GPU [param gpu], unless the environment has one.
func suggest_gpu(gpu: String) -> void:
	_torch.set_item_tooltip(1, gpu)
	if _environment.torch == "":
		_torch.select(1)
	_render_size()


## The Python to make it with; null for one that is to be brought, or while they are looked for.
func python() -> RlPythonInstall:
	var id: int = _python.get_selected_id()
	return _pythons[id] if not _python.disabled and id < _pythons.size() else null


## Whether a Python is to be brought.
func wants_uv() -> bool:
	return not _python.disabled and _python.get_selected_id() == UV_ID


## Whether it is known which Pythons there are.
func is_ready() -> bool:
	return not _python.disabled


## The names of the extras that are ticked.
func extras() -> PackedStringArray:
	var chosen: PackedStringArray = []
	for extra: String in _boxes:
		if _boxes[extra].button_pressed:
			chosen.append(extra)
	return chosen


## "cpu" or "gpu".
func torch() -> String:
	return BUILDS[maxi(_torch.selected, 0)]


## Locks the choices while a set-up runs.
func set_locked(locked: bool) -> void:
	for box: CheckBox in _boxes.values():
		box.disabled = locked or box.get_meta(&"is_there")
	_torch.disabled = locked
	_python.disabled = locked or _python.item_count < 1 or _pythons.is_empty() and not wants_uv()


## Takes on the editor's look.
func apply_theme() -> void:
	for label: Label in [_python_note, _size]:
		RlLook.dim(label)
		label.add_theme_font_size_override(&"font_size", RlLook.small(self))


func _add_extra(extra: String) -> void:
	var part: Dictionary = _package.extra(extra)
	var box: CheckBox = CheckBox.new()
	box.name = extra.to_pascal_case()
	box.tooltip_text = RlRead.text(part, "help")
	box.button_pressed = _environment.extras.is_empty() and extra == "sb3"
	_boxes[extra] = box
	_show_extra(extra)
	box.toggled.connect(func(_on: bool) -> void: _on_chosen())
	add_child(box)


## What is there is ticked, and has nothing left to download.
func _show_extra(extra: String) -> void:
	var box: CheckBox = _boxes[extra]
	var part: Dictionary = _package.extra(extra)
	var is_there: bool = extra in _environment.extras
	box.text = RlRead.text(part, "title")
	if not is_there:
		var bytes: int = RlRead.integer(part, "download")
		for other: String in _there():
			bytes -= RlRead.integer(_package.extra(other), "download")
		box.text += " (%s)" % _megabytes(bytes)
	box.set_pressed_no_signal(is_there or box.button_pressed)
	box.set_meta(&"is_there", is_there)
	box.disabled = is_there


## The extras that are installed.
func _there() -> PackedStringArray:
	var is_whole: bool = _environment.state == RlManagedEnvironment.RlState.READY
	return _environment.extras if is_whole else PackedStringArray()


func _on_chosen() -> void:
	_render_size()
	changed.emit()


func _render_size() -> void:
	var there: PackedStringArray = _there()
	var is_all_there: bool = (
		_environment.state == RlManagedEnvironment.RlState.READY
		and extras() == there
		and (there.is_empty() or torch() == _environment.torch)
	)
	_size.text = "In %s. All your projects share it." % _environment.folder
	if is_all_there:
		return
	var sizes: Array[String] = []
	for what: String in ["download", "disk"]:
		var bytes: int = _package.size_of(extras(), torch(), what)
		if _environment.state == RlManagedEnvironment.RlState.READY:
			bytes = _package.missing(extras(), torch(), there, _environment.torch, what)
		sizes.append(_megabytes(bytes))
	_size.text = (
		"About %s to download, %s more on the disk, in %s. All your projects share it."
		% [sizes[0], sizes[1], _environment.folder]
	)


static func _megabytes(bytes: int) -> String:
	if bytes < 1_000_000:
		return "some MB"
	return "%.1f GB" % (bytes / 1e9) if bytes >= 1e9 else "%d MB" % roundi(bytes / 1e6)
