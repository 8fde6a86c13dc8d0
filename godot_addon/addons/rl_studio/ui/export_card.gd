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
	var files: Array[Dictionary] = Read.dicts(result, "files")
	if files.is_empty():
		return
	_path = Read.text(files[0], "path")
	var names: PackedStringArray = []
	var proofs: PackedStringArray = []
	var facts: PackedStringArray = []
	for file: Dictionary in files:
		names.append(Read.text(file, "path").get_file())
		proofs.append(_prove(file))
		facts.append(_describe(file))
	_title.text = ", ".join(names)
	_title.tooltip_text = _title.text
	_proof.text = "\n".join(proofs)
	_facts.text = "\n".join(facts)
	_import.text = "Loads in Godot: drag it to an agent's Policy." if is_imported else "Importing…"


func _prove(file: Dictionary) -> String:
	var proof: Dictionary = Read.dict(file, "proof")
	var where: String = "PyTorch and ONNX Runtime"
	if not Read.dict(proof, "godot").is_empty():
		where = "PyTorch, ONNX Runtime and Godot"
	return (
		"Verified in %s on %s observations: differs by %s at most (allowed: %s)"
		% [
			where,
			Format.count(Read.number(proof, "observations")),
			_figure(Read.number(file, "max_difference")),
			_figure(Read.number(file, "tolerance")),
		]
	)


func _describe(file: Dictionary) -> String:
	var facts: PackedStringArray = [
		Read.text(file, "path"),
		"In:  %s" % _shapes(Read.dict(file, "inputs")),
		"Out:  %s" % _shapes(Read.dict(file, "outputs")),
		(
			"%s steps, %s parameters, %s"
			% [
				Format.count(Read.number(file, "timesteps")),
				Format.count(Read.number(file, "parameters")),
				Format.bytes(Read.integer(file, "size_bytes")),
			]
		),
	]
	return "\n".join(facts)


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
