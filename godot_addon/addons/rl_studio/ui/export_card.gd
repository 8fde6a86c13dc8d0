@tool
extends MarginContainer
## What an export found out: that the file computes what the trained network computes, and what goes
## in and out of it.

signal show_file_requested(path: String)

const Format := preload("../core/format.gd")
const Look := preload("look.gd")
const Read := preload("../core/read.gd")

var _path: String = ""

@onready var _panel: PanelContainer = %Panel
@onready var _icon: TextureRect = %Icon
@onready var _title: Label = %Title
@onready var _proof: Label = %Proof
@onready var _facts: Label = %Facts
@onready var _import: Label = %Import
@onready var _show: Button = %Show


func _ready() -> void:
	_show.pressed.connect(func() -> void: show_file_requested.emit(_path))
	_apply_theme()


func _notification(what: int) -> void:
	if what == NOTIFICATION_THEME_CHANGED and is_node_ready():
		_apply_theme.call_deferred()


## Draws the [param result] of an export; [param is_imported]: Godot can load the file.
func show_result(result: Dictionary, is_imported: bool) -> void:
	_path = Read.text(result, "path")
	_title.text = _path.get_file()
	_title.tooltip_text = _path
	_proof.text = (
		"Verified on %s observations: differs by %s at most (allowed: %s)"
		% [
			Format.count(Read.number(result, "samples")),
			_figure(Read.number(result, "max_difference")),
			_figure(Read.number(result, "tolerance")),
		]
	)
	var facts: PackedStringArray = [
		_path,
		"In:  %s" % _shapes(Read.dict(result, "inputs")),
		"Out:  %s" % _shapes(Read.dict(result, "outputs")),
		(
			"%s steps, %s parameters, %s"
			% [
				Format.count(Read.number(result, "timesteps")),
				Format.count(Read.number(result, "parameters")),
				Format.bytes(Read.integer(result, "size_bytes")),
			]
		),
	]
	_facts.text = "\n".join(facts)
	_import.text = "Loads in Godot: drag it to an agent's Policy." if is_imported else "Importing…"


func _shapes(ports: Dictionary) -> String:
	var parts: PackedStringArray = []
	for port: Variant in ports:
		if str(port) in ["state_ins", "state_outs"] and ports.size() > 1:
			continue  # only there for other runtimes
		var shape: Array = Read.list(ports, str(port))
		parts.append("%s[%s]" % [port, shape[shape.size() - 1] if not shape.is_empty() else "?"])
	return ", ".join(parts)


func _figure(number: float) -> String:
	return "0" if number == 0.0 else "%se%d" % _mantissa(number)


func _mantissa(number: float) -> Array:
	if is_nan(number):
		return ["?", 0]
	var exponent: int = floori(log(absf(number)) / log(10.0) + 1e-9)
	return [Format.value(snappedf(number / pow(10.0, exponent), 0.1)), exponent]


func _apply_theme() -> void:
	if Look.is_edited(self):
		return
	var success: Color = Look.color(self, &"success_color")
	var box: StyleBoxFlat = StyleBoxFlat.new()
	box.bg_color = Color(success, 0.08)
	box.border_color = Color(success, 0.6)
	box.border_width_left = Look.px(3)
	box.set_corner_radius_all(Look.px(3))
	box.set_content_margin_all(Look.px(8))
	_panel.add_theme_stylebox_override(&"panel", box)
	_icon.texture = Look.icon(self, &"StatusSuccess")
	_show.icon = Look.icon(self, &"ShowInFileSystem")
	Look.emphasize(_title)
	Look.dim(_facts)
	Look.dim(_import)
