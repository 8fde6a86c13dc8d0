extends "editor_driver.gd"
## The project uses one Python, and goes over to another: to the managed environment, to one that is
## chosen, and back. What cannot be used is refused.
##
## Arguments: OTHER (a Python with rl_studio whose backend serves the project), MANAGED (that of the
## environment), BAD (programs without rl_studio, in lines).

const SETTING: String = "rl_studio/python_path"


func _drive() -> void:
	var other: String = argument("OTHER")
	var managed: String = argument("MANAGED")
	await open_dock(train)
	await until(_is_connected_to.bind(other), 40, "connected to the backend that serves")
	if not find(train, "SetupBody").visible:
		await click(find(train, "SetupHeader"))
	var status: Label = find(train, "SetupStatus")
	expect(other + ", which is not this environment" in status.text, status.text)
	await click(find(train, "SetupUseThis"))
	await until(_is_connected_to.bind(managed), 60, "connected to the environment")
	for bad: String in argument("BAD").split("\n"):
		train.emit_signal(&"python_chosen", bad)
		await until(_is_refused.bind(bad), 30, "refused: " + bad)
	expect(_chosen() == "", "the setting is as it was")
	expect(_is_connected_to(managed), "the connection, too")
	train.emit_signal(&"python_chosen", other)
	await until(_is_connected_to.bind(other), 60, "connected to the chosen one")
	expect(_chosen() == other, "it is kept")
	if not find(train, "SetupBody").visible:
		await click(find(train, "SetupHeader"))
	var because: String = "uses %s because of Editor Settings" % other
	expect(because in status.text, status.text)
	await click(find(train, "SetupUseThis"))
	await until(_is_connected_to.bind(managed), 60, "connected to the environment again")
	expect(_chosen() == "", "nothing is chosen any more")


func _chosen() -> String:
	return str(EditorInterface.get_editor_settings().get_setting(SETTING))


func _is_connected_to(python: String) -> bool:
	var line: Label = find(train, "Text")
	return line.text == "Connected" and "Python %s\n" % python in line.tooltip_text


func _is_refused(python: String) -> bool:
	return python + " is not used" in error_text(train, "RequestError")
