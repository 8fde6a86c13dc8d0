extends "dock_states.gd"
## Measures the docks in each state, in an editor of any scale and theme: nothing is cut without an
## ellipsis, text and marks can be told from what is behind them, one message at a time, and the
## form scrolls below what stays.

const RlLook := preload("res://addons/rl_studio/ui/look.gd")

## The least contrast of text that matters less, as in Godot's own docks, and of marks.
const CONTRAST: float = 2.9
const SIZES: Array[Vector2i] = [Vector2i(1600, 900), Vector2i(1920, 1080)]

var _scale: float = 1.0


func _drive() -> void:
	_scale = EditorInterface.get_editor_scale()
	await open_dock(metrics)
	await open_dock(train)
	_look_at_the_icons()
	for size: Vector2i in SIZES:
		root.size = Vector2i(Vector2(size) * _scale)  # as much room as on a screen of this scale
		for wanted: String in STATES:
			await show_state(wanted)
			await open_dock(train)
			_look_at(train, wanted)
			_look_at(metrics, wanted)
			_look_at_the_form(wanted)
			_count_messages(wanted)
			if wanted == "dialog":
				await _look_at_the_dialog()
	await _look_at_the_export()
	await _hover_over_a_chart()
	await _scroll_the_form()
	await _choose_charts()
	await _close_while_it_trains()


func _look_at(dock: Control, wanted: String) -> void:
	var box: Rect2 = dock.get_global_rect()
	expect(dock != train or box.size.x >= 320.0 * _scale - 1.0, "%s: %s" % [wanted, box])
	for control: Control in dock.find_children("*", "Control", true, false):
		var is_here: bool = control.is_visible_in_tree() and not control.top_level
		if not is_here or control.get_viewport() != dock.get_viewport():
			continue
		var rect: Rect2 = control.get_global_rect()
		var is_inside: bool = rect.position.x >= box.position.x - 1.0
		is_inside = is_inside and rect.end.x <= box.end.x + 1.0
		expect(is_inside, "%s: %s is cut: %s of %s" % [wanted, control.get_path(), rect, box])
		if control is Label:
			_look_at_the_label(control as Label, wanted)
		elif control is Button:
			var button_seen: Button = control as Button
			var is_whole: bool = not button_seen.clip_text or button_seen.text == ""
			is_whole = (
				is_whole or button_seen.text_overrun_behavior != TextServer.OVERRUN_NO_TRIMMING
			)
			expect(is_whole, "%s: %s is cut without …" % [wanted, control.get_path()])


func _look_at_the_label(label: Label, wanted: String) -> void:
	var is_whole: bool = not label.clip_text or label.text == ""
	is_whole = is_whole or label.text_overrun_behavior == TextServer.OVERRUN_TRIM_ELLIPSIS
	expect(is_whole, "%s: %s is cut without …" % [wanted, label.get_path()])
	var color: Color = label.get_theme_color(&"font_color") * label.modulate
	var behind: Color = label.get_theme_color(&"base_color", &"Editor")
	var seen: Color = behind.lerp(Color(color, 1.0), color.a)
	var contrast: float = RlLook.contrast(seen, behind)
	expect(
		label.text == "" or contrast >= CONTRAST,
		"%s: “%s” has a contrast of %.1f" % [wanted, label.text.left(30), contrast]
	)


func _look_at_the_form(wanted: String) -> void:
	var scroll: Control = find(train, "Scroll")
	expect(
		scroll.size.y >= train.size.y * 0.25,
		"%s: the form has %d of %d pixels" % [wanted, scroll.size.y, train.size.y]
	)


func _count_messages(wanted: String) -> void:
	var boxes: PackedStringArray = []
	for box: Node in find(train, "News").get_child(0).get_children():
		var control: Control = box as Control
		if control.name.ends_with("Error") and control.visible:
			boxes.append(control.name)
	expect(boxes.size() <= 1, "%s: one message at a time, not %s" % [wanted, boxes])
	if wanted in ["no_python", "wrong", "failed"]:
		expect(boxes.size() == 1, "%s: there is a message" % wanted)
	if wanted == "wrong":
		for key: String in ["learning_rate", "gamma", "gae_lambda"]:
			var has_error: bool = form_row(key).call(&"has_error")
			expect(has_error, "%s is marked" % key)


func _look_at_the_dialog() -> void:
	var dialog: ConfirmationDialog = find_dialog()
	var height: float = dialog.size.y / _scale
	expect(height < 240.0, "the dialog is %d pixels high" % height)
	expect(dialog.size.x >= 320.0 * _scale, "and %d wide" % dialog.size.x)
	var ok: Rect2 = dialog.get_ok_button().get_global_rect()
	expect(
		ok.end.y <= dialog.size.y and ok.end.x <= dialog.size.x, "its buttons are in it: %s" % ok
	)
	var line: LineEdit = dialog.find_child("Name", true, false)
	for name: String in ["a/b", "default", "fast one"]:
		line.text = name
		line.text_changed.emit(name)
		await process_frame
		var is_good: bool = name == "fast one"
		expect(dialog.get_ok_button().disabled != is_good, "%s is judged as it is typed" % name)
		var note: String = (dialog.find_child("Note", true, false) as Label).text
		expect(is_good == note.begins_with("It begins"), "%s: %s" % [name, note])
	expect(dialog.size.y / _scale < 240.0, "whatever it says")


func find_dialog() -> ConfirmationDialog:
	return find(train, "ExperimentBar").find_child("NameDialog", true, false)


## The icons of classes are as large as the editor's own, and not those of the other theme.
func _look_at_the_icons() -> void:
	var own: Texture2D = EditorInterface.get_base_control().get_theme_icon(&"Node", &"EditorIcons")
	var behind: Color = train.get_theme_color(&"base_color", &"Editor")
	for icon: String in ["rl_agent", "rl_sync", "rl_policy", "rl_raycast_sensor_2d"]:
		var texture: Texture2D = load("res://addons/rl_studio/icons/%s.svg" % icon)
		expect(texture.get_size() == own.get_size(), "%s: %s" % [icon, texture.get_size()])
		var strongest: float = 0.0
		var image: Image = texture.get_image()
		if image.is_compressed():
			image.decompress()
		for x: int in image.get_width():
			for y: int in image.get_height():
				var pixel: Color = image.get_pixel(x, y)
				if pixel.a > 0.9:
					strongest = maxf(strongest, RlLook.contrast(pixel, behind))
		expect(strongest >= 3.0, "%s has a contrast of %.1f" % [icon, strongest])


func _look_at_the_export() -> void:
	for wanted: String in ["offline", "finished", "names"]:
		await show_state(wanted)
		await open_dock(export)
		_look_at(export, wanted)
	await open_dock(train)


## The box over a chart is not cut, names its curves, and is silent about a run without a point.
func _hover_over_a_chart() -> void:
	await show_state("many")
	await open_dock(metrics)
	await pause(0.4)
	var chart: Control = find(metrics, "EpisodeRewardMean")
	await hover(chart, Vector2(0.9, 0.5))
	var tips: Array[Node] = chart.find_children("*", "PanelContainer", true, false)
	var tip: Control = tips[0]
	expect(tip.visible, "the box is there")
	expect(Rect2(Vector2.ZERO, root.size).encloses(tip.get_global_rect()), "within the window")
	var text: String = tip.call(&"get_text")
	expect("default" in text and "steps" in text, "it names the curves: %s" % text)
	await hover(train, Vector2(0.5, 0.9))


func _scroll_the_form() -> void:
	await show_state("running")
	await open_dock(train)
	var places: Dictionary[Control, Rect2] = {}
	for name: String in ["Train", "Stop", "RunPanel", "News"]:
		places[find(train, name)] = find(train, name).get_global_rect()
	var scroll: ScrollContainer = find(train, "Scroll")
	scroll.scroll_vertical = 200
	await pause(0.2)
	expect(scroll.scroll_vertical == 200, "the form scrolls")
	for control: Control in places:
		expect(control.get_global_rect() == places[control], "%s stays" % control.name)


## The menu keeps its order while it is open, and charts that were taken away come back.
func _choose_charts() -> void:
	var menu: MenuButton = find(metrics, "Charts")
	menu.about_to_popup.emit()
	var popup: PopupMenu = menu.get_popup()
	var before: PackedStringArray = _items(popup)
	var index: int = before.size() - 1
	var was_on: bool = popup.is_item_checked(index)
	popup.index_pressed.emit(index)
	popup.index_pressed.emit(3)
	expect(_items(popup) == before, "the order is as it was")
	expect(popup.is_item_checked(index) != was_on, "the ticks are not")
	popup.index_pressed.emit(3)
	popup.index_pressed.emit(index)
	menu.about_to_popup.emit()
	expect(_items(popup) == before, "nor is it another one next time")


func _items(popup: PopupMenu) -> PackedStringArray:
	var texts: PackedStringArray = []
	for index: int in popup.item_count:
		texts.append(popup.get_item_text(index))
	return texts


## The editor asks its plugins before it closes; and it keeps which runs had which colour.
func _close_while_it_trains() -> void:
	await show_state("running")
	var told: PackedStringArray = []
	for plugin: Node in root.find_children("*", "EditorPlugin", true, false):
		var script: Script = plugin.get_script()
		if script != null and script.resource_path == "res://addons/rl_studio/plugin.gd":
			var text: String = plugin.call(&"_get_unsaved_status", "")
			told.append(text)
	expect(told.size() == 1 and "goes on training" in told[0], "what is said: %s" % told)
	var settings: EditorSettings = EditorInterface.get_editor_settings()
	var kept: Dictionary = settings.get_project_metadata("rl_studio", "shown_runs", {})
	var slots: Dictionary = kept.get("slots", {})
	expect(slots.size() >= 4, "the colours are kept: %s" % kept)
