@tool
extends RefCounted
## What somebody may have meant by a name that is none, for "did you mean".

## From this likeness on (0 to 1) two names of methods may be meant to be the same.
const METHODS_ALIKE: float = 0.8
## The same of names of files, which are shorter.
const FILES_ALIKE: float = 0.5


## The one of [param names] that is most like [param word] in this measure; "" if none is.
static func nearest(word: String, names: PackedStringArray, alike: float) -> String:
	var found: String = ""
	for name: String in names:
		var likeness: float = word.similarity(name)
		if likeness >= alike:
			alike = likeness
			found = name
	return found


## The file of the project, addons aside, that [param path] may be meant to be; "" if none.
static func nearest_file(path: String) -> String:
	var names: Dictionary[String, String] = {}
	_collect("res://", path.get_extension(), names)
	for name: String in names:
		if name.get_file() == path.get_file().get_basename():
			return names[name]
	var inner: String = path.trim_prefix("res://").get_basename()
	return names.get(nearest(inner, PackedStringArray(names.keys()), FILES_ALIKE), "")


static func _collect(folder: String, extension: String, names: Dictionary[String, String]) -> void:
	for file: String in DirAccess.get_files_at(folder):
		if file.get_extension() == extension:
			var path: String = folder.path_join(file)
			names[path.trim_prefix("res://").get_basename()] = path
	for inner: String in DirAccess.get_directories_at(folder):
		if not inner.begins_with(".") and inner != "addons":
			_collect(folder.path_join(inner), extension, names)
