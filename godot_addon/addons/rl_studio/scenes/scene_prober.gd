@tool
extends Node
## Has a scene started in the background, without a window, to learn what its agents see and can do:
## the editor cannot ask agents whose script is not a tool script.

## It ended. [param problem] says why nothing was learned; "" if something was.
signal finished(problem: String)

const RlOpenScene := preload("open_scene.gd")

## For buttons that start it.
const TOOLTIP: String = "Saves the scene, runs it briefly without a window, and asks its agents"
const POLL_S: float = 0.1
const TIMEOUT_S: float = 30.0

## The scene that was looked at last.
var scene: String = ""

var _pid: int = -1
var _deadline_ms: int = 0
var _timer: Timer = Timer.new()


func _ready() -> void:
	_timer.wait_time = POLL_S
	_timer.timeout.connect(_on_timer_timeout)
	add_child(_timer)


func _exit_tree() -> void:
	if is_running():
		OS.kill(_pid)
		_pid = -1


## Whether a scene is being looked at.
func is_running() -> bool:
	return _pid > 0


## Looks for agents with one of [param policies] for a name. Saves the open scene if it is the one
## to start. Returns why it cannot; "" if it has begun.
func begin(policies: PackedStringArray) -> String:
	if is_running():
		return ""
	if RlOpenScene.scene_path() == "":
		return "Save the scene first."
	scene = RlOpenScene.find_probe_scene(policies)
	if scene == "":
		return "No scene of the project has an RLSync: add one and save it."
	if scene == RlOpenScene.scene_path() and EditorInterface.save_scene() != OK:
		return "%s cannot be saved." % scene.get_file()
	var arguments: PackedStringArray = ["--headless", "--fixed-fps", "60"]
	arguments.append_array(["--path", ProjectSettings.globalize_path("res://")])
	arguments.append_array([scene, "--rl_studio_probe"])
	_pid = OS.create_process(OS.get_executable_path(), arguments)
	if not is_running():
		return "Godot could not be started."
	_deadline_ms = Time.get_ticks_msec() + roundi(TIMEOUT_S * 1000.0)
	_timer.start()
	return ""


## What to do about agents that [member scene] does not have.
func describe_strangers() -> String:
	return "%s has no such agents. Play the scene that has." % scene.get_file()


func _on_timer_timeout() -> void:
	var problem: String = ""
	if OS.is_process_running(_pid):
		if Time.get_ticks_msec() < _deadline_ms:
			return
		OS.kill(_pid)
		problem = "%s did not ask its agents within %d s." % [scene.get_file(), roundi(TIMEOUT_S)]
	elif OS.get_process_exit_code(_pid) != 0:
		problem = "%s ended with an error. Play it to see which." % scene.get_file()
	_timer.stop()
	_pid = -1
	RlOpenScene.update_warnings()
	finished.emit(problem)
