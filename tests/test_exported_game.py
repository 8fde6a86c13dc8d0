"""A game exported with the release template plays with its policy, and ships nothing of the editor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from godot_project import import_project, make_project, run_godot
from policy_runs import FIXTURES, IMPORTER_PLUGIN, IMPORTER_SETTINGS
from rl_studio.godot import GodotBinary, find_godot, headless_environment
from rl_studio.godot.templates import release_template
from rl_studio.project import Project

pytestmark = pytest.mark.godot

onnxruntime = pytest.importorskip("onnxruntime")

NAME = "sb3_like"
ADDON = "res://addons/rl_studio/"
MISFIT = (
    "policy res://policies/sb3_like.onnx cannot play agent /root/Main/Misfit: "
    'the policy expects 4 numbers for the observation "obs"; the agent gives 3 numbers'
)
EXPECTED: dict[str, Any] = json.loads((FIXTURES / f"{NAME}.json").read_text(encoding="utf-8"))

MAIN_SCENE = """\
[gd_scene load_steps=5 format=3]

[ext_resource type="Script" path="res://main.gd" id="1"]
[ext_resource type="Resource" path="res://policies/sb3_like.onnx" id="2"]
[ext_resource type="Script" path="res://walker.gd" id="3"]
[ext_resource type="Script" path="res://addons/rl_studio/runtime/rl_sync.gd" id="4"]

[node name="Main" type="Node"]
script = ExtResource("1")
policy = ExtResource("2")

[node name="Sync" type="Node" parent="."]
script = ExtResource("4")
action_repeat = 2

[node name="Fit" type="Node" parent="."]
script = ExtResource("3")
policy = ExtResource("2")

[node name="Misfit" type="Node" parent="."]
script = ExtResource("3")
policy = ExtResource("2")
senses = 3

[node name="Without" type="Node" parent="."]
script = ExtResource("3")
mode = 3
"""

WALKER = """\
extends RLAgent

@export var senses: int = 4
var moves: Array[Array] = []


func _get_observation() -> Variant:
	var observation: PackedFloat32Array = []
	observation.resize(senses)
	observation.fill(0.25)
	return observation


func _get_action_space() -> Dictionary:
	return {"move": {"action_type": "continuous", "size": 2}}


func _apply_action(action: Dictionary) -> void:
	var move: PackedFloat32Array = action["move"]
	moves.append(Array(move))


func _get_human_action() -> Dictionary:
	return {"move": PackedFloat32Array([0.0, 1.0])}
"""

MAIN_SCRIPT = """\
extends Node

const ACTIONS: Dictionary = {"move": {"action_type": "continuous", "size": 2}}
const Walker := preload("res://walker.gd")

@export var policy: RLPolicy

var _ticks: int = 0


func _physics_process(_delta: float) -> void:
	_ticks += 1
	if _ticks < 20:
		return
	set_physics_process(false)
	var moves: Dictionary = {}
	for walker: Walker in get_tree().get_nodes_in_group(RLAgent.GROUP):
		moves[walker.name] = walker.moves
	var report: Dictionary = {
		"outputs": _run_rows(),
		"moves": moves,
		"files": _list("res://"),
		"raw_file": FileAccess.file_exists("res://policies/sb3_like.onnx"),
		"editor": OS.has_feature("editor"),
	}
	print("@REPORT ", JSON.stringify(report))
	get_tree().quit()


func _run_rows() -> Array[Array]:
	var rows: Array = JSON.parse_string('%s')
	var outputs: Array[Array] = []
	for row: Array in rows:
		outputs.append(Array(policy.run_flat(PackedFloat32Array(row))))
	return outputs


func _list(folder: String) -> PackedStringArray:
	var files: PackedStringArray = []
	for file: String in DirAccess.get_files_at(folder):
		files.append(folder.path_join(file))
	for inner: String in DirAccess.get_directories_at(folder):
		files.append_array(_list(folder.path_join(inner)))
	return files
"""

PRESETS = """\
[preset.0]

name="Linux"
platform="Linux"
runnable=true
export_filter="%s"
export_files=PackedStringArray("res://main.tscn")
export_path="game.x86_64"
script_export_mode=2

[preset.0.options]

custom_template/release="%s"
binary_format/architecture="x86_64"
texture_format/s3tc_bptc=true
"""


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def template(godot: GodotBinary) -> Path:
    asked_for = os.environ.get("GODOT_TEMPLATE")
    found = Path(asked_for) if asked_for else release_template(godot)
    if found is None or not found.is_file():
        pytest.skip("needs a release template: set GODOT_TEMPLATE")
    return found


@pytest.fixture(scope="module")
def game_project(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("export") / "project"
    files = IMPORTER_PLUGIN | {
        "main.tscn": MAIN_SCENE,
        "main.gd": MAIN_SCRIPT % json.dumps(EXPECTED["inputs"]["obs"]),
        "walker.gd": WALKER,
    }
    settings = IMPORTER_SETTINGS + '\n[application]\n\nrun/main_scene="res://main.tscn"\n'
    project = make_project(root, files, settings=settings)
    (root / "policies").mkdir()
    shutil.copy(FIXTURES / f"{NAME}.onnx", root / "policies")
    import_project(godot, project)
    return project


@pytest.mark.parametrize("export_filter", ["all_resources", "scenes"])
def test_exported_game_plays_with_its_policy(
    godot: GodotBinary, template: Path, game_project: Project, tmp_path: Path, export_filter: str
) -> None:
    presets = game_project.root / "export_presets.cfg"
    presets.write_text(PRESETS % (export_filter, template), encoding="utf-8")
    game = tmp_path / "game.x86_64"
    run_godot(godot, game_project, ["--export-release", "Linux", str(game)], timeout_s=90)
    report, errors = _play(game, tmp_path)

    assert not report["editor"]
    np.testing.assert_allclose(report["outputs"], EXPECTED["outputs"]["output"], rtol=0, atol=1e-5)
    moves = report["moves"]
    assert len(moves["Fit"]) in range(8, 11)  # a decision every other tick
    np.testing.assert_allclose(moves["Fit"], [_decide()] * len(moves["Fit"]), rtol=0, atol=1e-5)
    # The player steers the others in every tick, and the game goes on.
    for name in ("Misfit", "Without"):
        assert len(moves[name]) >= 16
        assert moves[name][-1] == [0.0, 1.0]
    assert len(errors) == 2
    assert MISFIT in "".join(errors)
    assert "agent /root/Main/Without shall be played by a policy, but neither it nor RLSync has one" in (
        "".join(errors)
    )

    ours = [file.removeprefix(ADDON) for file in report["files"] if file.startswith(ADDON)]
    assert {file.split("/")[0] for file in ours} <= {"icons", "runtime"}
    assert any(file.startswith("runtime/policy/") for file in ours)
    assert not [file for file in report["files"] if file.endswith((".py", ".onnx", ".md", "plugin.cfg"))]
    assert not report["raw_file"]


def _decide() -> np.ndarray:
    """What the policy does in the walker's place."""
    session = onnxruntime.InferenceSession(str(FIXTURES / f"{NAME}.onnx"))
    observation = np.full((1, 4), 0.25, np.float32)
    (output,) = session.run(["output"], {"obs": observation, "state_ins": np.zeros(1, np.float32)})
    return np.asarray(output[0]).clip(-1, 1)


def _play(game: Path, tmp_path: Path) -> tuple[dict[str, Any], list[str]]:
    """What the game reports, and the errors it printed."""
    done = subprocess.run(
        [str(game), "--headless", "--fixed-fps", "60"],
        env=headless_environment(private_dir=tmp_path / "xdg"),
        cwd=tmp_path,
        timeout=60,
        capture_output=True,
        text=True,
    )
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
    lines = [line for line in done.stdout.splitlines() if line.startswith("@REPORT ")]
    assert lines, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(lines[0].removeprefix("@REPORT "))
    return report, errors
