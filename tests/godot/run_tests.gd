extends SceneTree
## Runs the GDScript tests beside this script: every method test_* of every file test_*.gd.
##
##     godot --headless --path PROJECT -s res://tests/run_tests.gd [-- PART_OF_FILE_OR_TEST_NAME…]
##
## Prints each failure, then "N passed, N failed"; the exit code is 1 if a test failed or none ran.

const TestCase := preload("test_case.gd")
const BASE_FILE: String = "test_case.gd"

var _passed: int = 0
var _failed: int = 0


func _initialize() -> void:
	_run_all.call_deferred()


func _run_all() -> void:
	# The root is not in the tree before the first frame.
	await process_frame
	var script: Script = get_script()
	var folder: String = script.resource_path.get_base_dir()
	for file: String in DirAccess.get_files_at(folder):
		if (
			file.begins_with("test_")
			and file.ends_with(".gd")
			and file != BASE_FILE
			and _may_want(file)
		):
			await _run_file(folder.path_join(file))
	print("%d passed, %d failed" % [_passed, _failed])
	quit(0 if _failed == 0 and _passed > 0 else 1)


func _run_file(path: String) -> void:
	var script: GDScript = load(path)
	if script == null or not script.can_instantiate():
		_report(path.get_file(), ["the script does not compile"])
		return
	for method: Dictionary in script.get_script_method_list():
		var test: String = method["name"]
		var title: String = "%s::%s" % [path.get_file(), test]
		if test.begins_with("test_") and _is_wanted(title):
			await _run_test(script, test, title)


func _run_test(script: GDScript, test: String, title: String) -> void:
	var instance: TestCase = script.new()
	root.add_child(instance)
	await instance.before_each()
	await instance.call(test)
	await instance.after_each()
	if instance.checked == 0 and instance.failures.is_empty():
		instance.failures.append("checked nothing")
	_report(title, instance.failures)
	instance.queue_free()
	await process_frame


func _report(title: String, failures: PackedStringArray) -> void:
	if failures.is_empty():
		_passed += 1
		print("ok    %s" % title)
		return
	_failed += 1
	print("FAIL  %s" % title)
	for failure: String in failures:
		print("      %s" % failure)


## Whether the file need be loaded: "test_x.gd::name" asks for a test of one file only.
func _may_want(file: String) -> bool:
	for filter: String in OS.get_cmdline_user_args():
		if not "::" in filter or filter.get_slice("::", 0) in file:
			return true
	return OS.get_cmdline_user_args().is_empty()


func _is_wanted(title: String) -> bool:
	var filters: PackedStringArray = OS.get_cmdline_user_args()
	for filter: String in filters:
		if filter in title:
			return true
	return filters.is_empty()
