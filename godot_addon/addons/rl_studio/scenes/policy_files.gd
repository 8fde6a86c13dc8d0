@tool
extends RefCounted
## Loads policies that were exported a while ago.


## The policy of the file at [param path]; null if it is gone, or not imported, or no policy.
static func find(path: String) -> RLPolicy:
	# What was loaded once can be loaded when its file is gone.
	if not FileAccess.file_exists(path) or not ResourceLoader.exists(path):
		return null
	return load(path) as RLPolicy
