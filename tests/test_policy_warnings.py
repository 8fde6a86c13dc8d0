"""In the editor, RLSync warns of policies that do not fit their agents, as far as the editor can know."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from godot_project import import_project, make_project, run_godot
from policy_runs import FIXTURES, IMPORTER_PLUGIN, IMPORTER_SETTINGS
from rl_studio.godot import GodotBinary
from rl_studio.project import Project

pytestmark = pytest.mark.godot

AGENT = """\
extends RLAgent


func _get_observation() -> Variant:
	return PackedFloat32Array([0.0, 0.5, 1.0])


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 2}}


func _apply_action(_action: Dictionary) -> void:
	pass
"""

SCENE = """\
[gd_scene load_steps=5 format=3]

[ext_resource type="Script" path="res://addons/rl_studio/runtime/rl_sync.gd" id="1"]
[ext_resource type="Script" path="res://hunter.gd" id="2"]
[ext_resource type="Resource" path="res://policies/sb3_like.onnx" id="3"]
[ext_resource type="Script" path="res://tool.gd" id="4"]

[node name="Main" type="Node"]

[node name="Sync" type="Node" parent="."]
script = ExtResource("1")
policy = ExtResource("3")

[node name="Hunter" type="Node" parent="."]
script = ExtResource("2")

[node name="Tool" type="Node" parent="."]
script = ExtResource("4")
"""

DRIVER = """\
extends SceneTree

const NOTES: String = "res://.godot/rl_studio_agents.json"


func _initialize() -> void:
	_drive.call_deferred()


func _drive() -> void:
	while EditorInterface.get_resource_filesystem().is_scanning():
		await process_frame
	EditorInterface.open_scene_from_path("res://main.tscn")
	while EditorInterface.get_edited_scene_root() == null:
		await process_frame
	var scene: Node = EditorInterface.get_edited_scene_root()
	var sync: Node = scene.get_node("Sync")
	_tell("unknown", sync)
	_play(["--quit-after", "30"])
	_tell("known", sync)
	var noted: String = FileAccess.get_file_as_string(NOTES)
	var file: FileAccess = FileAccess.open(NOTES, FileAccess.WRITE)
	file.store_string(noted.replace('"time":', '"time":0.'))
	file.close()
	_tell("older than the script", sync)
	_play(["--rl_studio_probe"])
	_tell("probed", sync)
	var changes: EditorUndoRedoManager = EditorInterface.get_editor_undo_redo()
	var is_told: Array[bool] = [false]
	node_configuration_warning_changed.connect(
		func(node: Node) -> void: is_told[0] = is_told[0] or node == sync
	)
	changes.create_action("Take the policy away", UndoRedo.MERGE_DISABLE, scene)
	changes.add_do_property(sync, "policy", null)
	changes.add_undo_property(sync, "policy", sync.get("policy"))
	changes.commit_action()
	await process_frame
	await process_frame
	print("@NOTICED %s" % is_told[0])
	quit()


func _tell(title: String, sync: Node) -> void:
	print("@WARNINGS %s: %s" % [title, "|".join(sync._get_configuration_warnings())])


func _play(options: PackedStringArray) -> void:
	var arguments: PackedStringArray = ["--headless", "--path", ProjectSettings.globalize_path("res://")]
	arguments.append_array(["--fixed-fps", "60", "res://main.tscn"])
	arguments.append_array(options)
	var output: Array = []
	OS.execute(OS.get_executable_path(), arguments, output, true)
	print(output[0])
"""

RELOADING = """\
extends Node

static var loaded: int = 0

var _ticks: int = 0


func _ready() -> void:
	loaded += 1
	print("@LOADED")


func _physics_process(_delta: float) -> void:
	_ticks += 1
	if _ticks == 20 and loaded < 3:
		get_tree().reload_current_scene()
	elif _ticks == 20:
		get_tree().quit()
"""

TOOL_AGENT = "@tool\n" + AGENT.replace("1.0]", "1.0, 0.5, 0.0]")
"""The editor can ask it."""

TOOL_MISFIT = 'the policy expects 4 numbers for the observation "obs"; the agent gives 5 numbers'
MISFIT = 'the policy expects 4 numbers for the observation "obs"; the agent gives 3 numbers'


@pytest.fixture
def game(godot: GodotBinary, tmp_path: Path) -> Project:
    files = IMPORTER_PLUGIN | {
        "main.tscn": SCENE,
        "hunter.gd": AGENT,
        "tool.gd": TOOL_AGENT,
        "drive.gd": DRIVER,
    }
    project = make_project(tmp_path / "project", files, settings=IMPORTER_SETTINGS)
    (project.root / "policies").mkdir()
    shutil.copy(FIXTURES / "sb3_like.onnx", project.root / "policies")
    import_project(godot, project)
    return project


def test_a_misfit_is_told_once_however_often_the_scene_is_reloaded(godot: GodotBinary, game: Project) -> None:
    again = SCENE.replace(
        '[node name="Main" type="Node"]', '[node name="Main" type="Node"]\nscript = ExtResource("5")'
    )
    again = again.replace('id="4"]', 'id="4"]\n[ext_resource type="Script" path="res://again.gd" id="5"]')
    (game.root / "main.tscn").write_text(again, encoding="utf-8")
    (game.root / "again.gd").write_text(RELOADING, encoding="utf-8")
    output = run_godot(godot, game, ["--fixed-fps", "60", "res://main.tscn"], allow_errors=True)
    assert output.count("@LOADED") == 3
    assert output.count("Going on by hand") == 2  # for each of the two reasons


def test_a_misfit_is_known_once_the_game_has_run(godot: GodotBinary, game: Project) -> None:
    """Unless the agent's script is a tool script, which the editor can ask."""
    output = run_godot(godot, game, ["-e", "-s", "res://drive.gd"])
    errors = [line for line in output.splitlines() if "RL Studio: policy" in line]
    assert len(errors) == 2
    assert f"policy res://policies/sb3_like.onnx cannot play agent /root/Main/Hunter: {MISFIT}" in errors[0]
    lines = [line.removeprefix("@WARNINGS ") for line in output.splitlines() if line.startswith("@WARNINGS")]
    tool = f"Tool: The policy does not fit: {TOOL_MISFIT}."
    both = f"Hunter: The policy does not fit: {MISFIT}.|{tool}"
    assert dict(line.split(": ", 1) for line in lines) == {
        "unknown": tool,
        "known": both,
        "older than the script": tool,
        "probed": both,
    }
    assert "@NOTICED true" in output
    told = [line.removeprefix("@AGENT ") for line in output.splitlines() if line.startswith("@AGENT ")]
    assert json.loads(told[0]) == {
        "agent": "/root/Main/Hunter",
        "policy": "shared_policy",
        "observations": {"obs": [3]},
        "actions": {"move": {"action_type": "continuous", "size": 2}},
        "problem": "",
    }
