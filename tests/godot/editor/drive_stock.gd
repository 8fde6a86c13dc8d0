extends "editor_driver.gd"
## A game with the nodes of godot_rl_agents: Play of the Export dock offers what it lacks, and then
## plays.

const Offer := preload("res://addons/rl_studio/scenes/stock_offer.gd")
const PlayScenes := preload("res://addons/rl_studio/scenes/play_scenes.gd")
const SCENE: String = "res://main.tscn"

var _problems: PackedStringArray = []


func _drive() -> void:
	var scenes: PackedStringArray = PlayScenes.new().find(["left"], "")
	expect(scenes == PackedStringArray([SCENE]), "the scene can be played")
	var offer: Offer = export.find_child("RLStockOffer", true, false)
	offer.settled.connect(func(_scene: String, problem: String) -> void: _problems.append(problem))
	expect(Offer.is_needed(SCENE), "the game cannot play policies yet")
	export.emit_signal(&"play_requested", SCENE, _files())
	await pause(0.3)
	expect(offer.visible, "it is asked")
	offer.get_ok_button().pressed.emit()
	await until(func() -> bool: return not _problems.is_empty(), 30, "it is done")
	expect(_problems == PackedStringArray([""]), "it plays: %s" % _problems[0])
	expect(not Offer.is_needed(SCENE), "and needs nothing any more")
	await until(EditorInterface.is_playing_scene, 10, "the scene plays")
	EditorInterface.stop_playing_scene()
	export.emit_signal(&"play_requested", SCENE, _files())
	await until(EditorInterface.is_playing_scene, 10, "it plays at once")
	expect(not offer.visible, "nobody is asked again")
	EditorInterface.stop_playing_scene()


func _files() -> Dictionary[String, String]:
	return {"left": "res://policies/walk.onnx"}
