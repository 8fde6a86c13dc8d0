@tool
extends RefCounted
## One short run of a program whose output is wanted. Poll it; it never waits.

## What it wrote to stdout and stderr so far.
var output: String = ""
var errors: String = ""
## Its exit code, once it is over; -1 if it could not be started or was ended for taking too long.
var exit_code: int = -1
var is_over: bool = false
var timed_out: bool = false

var _pid: int = -1
var _stdio: FileAccess
var _stderr: FileAccess
var _deadline_ms: int = 0


## Starts [param program]; false if there is no such program.
func start(program: String, arguments: PackedStringArray, timeout_ms: int) -> bool:
	var is_missing: bool = program.is_absolute_path() and not FileAccess.file_exists(program)
	var started: Dictionary = {}
	if not is_missing:
		started = OS.execute_with_pipe(program, arguments, false)
	if started.is_empty():
		is_over = true
		return false
	_pid = started["pid"]
	_stdio = started["stdio"]
	_stderr = started["stderr"]
	_deadline_ms = Time.get_ticks_msec() + timeout_ms
	return true


## Looks after it; true once it is over.
func poll() -> bool:
	if is_over:
		return true
	var is_running: bool = OS.is_process_running(_pid)
	output += _stdio.get_buffer(16_384).get_string_from_utf8()
	errors += _stderr.get_buffer(16_384).get_string_from_utf8()
	if is_running and Time.get_ticks_msec() > _deadline_ms:
		timed_out = true
		stop()
	elif not is_running:
		exit_code = OS.get_process_exit_code(_pid)
		_end()
	return is_over


## Ends it.
func stop() -> void:
	if not is_over:
		OS.kill(_pid)
		_end()


func _end() -> void:
	is_over = true
	_stdio = null
	_stderr = null
