@tool
extends RefCounted
## Where exported files go: what is proposed, and what is wrong with a path.

## Stands for a policy's name in a path.
const PLACEHOLDER: String = "{policy}"
const FOLDER: String = "res://policies"
const SUFFIX: String = ".onnx"
## What names of files do not have, on one system or another.
const FORBIDDEN: String = '/\\:*?"<>|'


## The same proposal as that of the command line: a file is called after its policy.
static func propose(policies: PackedStringArray) -> String:
	var name: String = _file_name(policies[0]) if policies.size() == 1 else PLACEHOLDER
	return "%s/%s%s" % [FOLDER, name, SUFFIX]


## Why [param policies] cannot be exported to [param path], and what to do; "" if they can.
static func problem(path: String, policies: PackedStringArray) -> String:
	if policies.is_empty():
		return "Choose a policy."
	if not path.begins_with("res://") or not path.ends_with(SUFFIX):
		return "The file has to be like res://policies/name.onnx."
	if policies.size() > 1 and PLACEHOLDER not in path:
		return "%d policies need %s in the path: each gets a file." % [policies.size(), PLACEHOLDER]
	var used: Dictionary[String, String] = {}
	for policy: String in policies:
		# Some systems do not tell A from a.
		var name: String = _file_name(policy).to_lower()
		if used.has(name):
			return "%s and %s would be the same file." % [used[name], policy]
		used[name] = policy
	return ""


## The files that will be written.
static func files(path: String, policies: PackedStringArray) -> PackedStringArray:
	var found: PackedStringArray = []
	for policy: String in policies:
		found.append(path.replace(PLACEHOLDER, _file_name(policy)))
	return found


static func _file_name(policy: String) -> String:
	for letter: String in FORBIDDEN:
		policy = policy.replace(letter, "_")
	return policy
