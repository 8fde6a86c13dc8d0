@tool
extends RefCounted
## One Python of this machine: where it is, and whether the managed environment can be made with it.

const RlRead := preload("../core/read.gd")

const OLDEST: int = 11
const NEWEST: int = 14
## Prints what [method judge] reads. Runs in Pythons as old as 2.7.
const PROBE: String = """
import json, os, platform, sys, sysconfig
def has(name):
    try:
        import importlib.util
        return importlib.util.find_spec(name) is not None
    except Exception:
        return False
base = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "final": sys.version_info[3] == "final",
    "base": base,
    "real": os.path.realpath(base),
    "virtual": sys.prefix != getattr(sys, "base_prefix", sys.prefix),
    "bits": 64 if sys.maxsize > 2 ** 32 else 32,
    "kind": platform.python_implementation(),
    "machine": platform.machine().lower(),
    "system": sys.platform,
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "venv": has("venv"),
    "pip": has("ensurepip"),
    "musl": "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""),
}))
"""

var path: String = ""
## Who knows of it: PATH, pyenv, Homebrew, …
var source: String = ""
## Such as 3.12.1; "" if it did not answer.
var version: String = ""
var minor: int = 0
## The file behind all links: the same Python has many names.
var real: String = ""
var has_pip: bool = false
## Why it cannot be used; "" if it can.
var reason: String = ""


func _init(where: String, from: String) -> void:
	path = where
	source = from


## Whether it suits.
func suits() -> bool:
	return reason == ""


## Takes over the answer of the probe; [param output] is what it printed.
func judge(output: String) -> void:
	var answer: Dictionary = _answer_in(output)
	var numbers: Array = RlRead.list(answer, "version")
	if numbers.size() != 3:
		reason = "it does not answer"
		return
	var parts: PackedStringArray = []
	for number: Variant in numbers:
		parts.append(str(roundi(float(str(number)))))
	version = ".".join(parts)
	minor = int(parts[1]) if parts[0] == "3" else 0
	real = RlRead.text(answer, "real", path)
	has_pip = RlRead.flag(answer, "pip")
	if RlRead.flag(answer, "virtual"):
		path = RlRead.text(answer, "base", path)
	reason = _problem(answer)


## One line for a list.
func title() -> String:
	if version == "":
		return "%s (%s): %s" % [path, source, reason]
	var text: String = "Python %s (%s)" % [version, source]
	return text if suits() else "%s: %s" % [text, reason]


func _problem(answer: Dictionary) -> String:
	var wanted: String = "3.%d to 3.%d" % [OLDEST, NEWEST]
	var kind: String = RlRead.text(answer, "kind", "CPython")
	var is_intel_mac: bool = (
		RlRead.text(answer, "system") == "darwin" and RlRead.text(answer, "machine") == "x86_64"
	)
	var is_new: bool = minor > NEWEST or not RlRead.flag(answer, "final", true)
	var faults: Dictionary[String, bool] = {
		"too old, %s is needed" % wanted: minor < OLDEST,
		"too new for PyTorch, %s is needed" % wanted: is_new,
		"it is %s; PyTorch needs CPython" % kind: kind != "CPython",
		"32 bit; PyTorch needs 64": RlRead.integer(answer, "bits", 64) != 64,
		"free-threaded; the usual build is needed": RlRead.flag(answer, "free_threaded"),
		"built for musl; PyTorch needs a system with glibc": RlRead.flag(answer, "musl"),
		"for Intel processors; PyTorch has no build for Intel Macs any more": is_intel_mac,
		"its module venv is missing (Debian: sudo apt install python3.%d-venv)" % minor:
		not RlRead.flag(answer, "venv"),
	}
	for fault: String in faults:
		if faults[fault]:
			return fault
	return ""


static func _answer_in(output: String) -> Dictionary:
	var lines: PackedStringArray = output.strip_edges().split("\n", false)
	var json: JSON = JSON.new()
	if lines.is_empty() or json.parse(lines[lines.size() - 1]) != OK or not json.data is Dictionary:
		return {}
	var answer: Dictionary = json.data
	return answer
