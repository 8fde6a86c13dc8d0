@tool
extends Node
## Makes the tutorials that the F1 help of our classes lists open in the editor: they are pages of
## the manual, and the editor itself follows links to web sites only.

const RlManual := preload("manual.gd")

## How links of tutorials to the manual begin.
const PREFIX: String = "res://addons/rl_studio/manual/"


func _ready() -> void:
	var editor: ScriptEditor = EditorInterface.get_script_editor()
	for label: Node in editor.find_children("*", "RichTextLabel", true, false):
		_listen(label)
	get_tree().node_added.connect(_listen)


func _exit_tree() -> void:
	if get_tree().node_added.is_connected(_listen):
		get_tree().node_added.disconnect(_listen)


func _listen(node: Node) -> void:
	var label: RichTextLabel = node as RichTextLabel
	if label == null or label.get_parent() == null or not label.get_parent().is_class("EditorHelp"):
		return
	if not label.meta_clicked.is_connected(_on_meta_clicked):
		label.meta_clicked.connect(_on_meta_clicked)


func _on_meta_clicked(meta: Variant) -> void:
	var link: String = str(meta)
	if link.begins_with(PREFIX):
		var page: String = link.trim_prefix(PREFIX)
		RlManual.open(page.get_slice("#", 0), page.get_slice("#", 1) if "#" in page else "")
