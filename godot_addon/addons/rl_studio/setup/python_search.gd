@tool
extends RefCounted
## Looks for the Pythons of this machine and asks each for what it is, a few at a time. Poll it; it
## never waits.

const RlPythonInstall := preload("python_install.gd")
const RlPythonPlaces := preload("python_places.gd")
const RlShortRun := preload("short_run.gd")

const TIMEOUT_MS: int = 10_000
const AT_ONCE: int = 3

## What was found, each Python once; those that suit first, the best first.
var found: Array[RlPythonInstall] = []
var is_over: bool = false

var _waiting: Array[RlPythonInstall] = []
var _asked: Dictionary[RlPythonInstall, RlShortRun] = {}
var _launcher: RlShortRun


## Begins; [param data_dir] is the studio's data folder.
func start(data_dir: String) -> void:
	_waiting = RlPythonPlaces.find(data_dir)
	if OS.get_name() == "Windows":
		_launcher = RlShortRun.new()
		_launcher.start("py", ["-0p"], TIMEOUT_MS)


## Looks after it; true once it is over.
func poll() -> bool:
	if is_over:
		return true
	if _launcher != null and _launcher.poll():
		_waiting.append_array(RlPythonPlaces.of_launcher(_launcher.output))
		_launcher = null
	while _asked.size() < AT_ONCE and not _waiting.is_empty():
		var next: RlPythonInstall = _waiting.pop_front()
		var run: RlShortRun = RlShortRun.new()
		run.start(next.path, ["-E", "-s", "-c", RlPythonInstall.PROBE], TIMEOUT_MS)
		_asked[next] = run
	for install: RlPythonInstall in _asked.keys():
		if _asked[install].poll():
			install.judge(_asked[install].output)
			_asked.erase(install)
			_take(install)
	if _asked.is_empty() and _waiting.is_empty() and _launcher == null:
		found.sort_custom(_is_better)
		is_over = true
	return is_over


## Stops asking.
func stop() -> void:
	for run: RlShortRun in _asked.values():
		run.stop()
	_asked.clear()
	_waiting.clear()
	is_over = true


## The Pythons that suit.
func suitable() -> Array[RlPythonInstall]:
	return found.filter(func(install: RlPythonInstall) -> bool: return install.suits())


func _take(install: RlPythonInstall) -> void:
	for known: RlPythonInstall in found:
		if known.real != "" and known.real == install.real:
			return
	found.append(install)


## The oldest that suits is the one most tested; one with a pip needs less.
static func _is_better(one: RlPythonInstall, other: RlPythonInstall) -> bool:
	if one.suits() != other.suits():
		return one.suits()
	if one.has_pip != other.has_pip:
		return one.has_pip
	if one.minor != other.minor:
		return one.minor < other.minor if one.suits() else one.minor > other.minor
	return one.version.naturalnocasecmp_to(other.version) > 0
