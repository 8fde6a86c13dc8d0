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

NAME = "sb3_like"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / f"{NAME}.json").read_text(encoding="utf-8"))

MAIN_SCENE = """\
[gd_scene load_steps=3 format=3]

[ext_resource type="Script" path="res://main.gd" id="1"]
[ext_resource type="Resource" path="res://policies/sb3_like.onnx" id="2"]

[node name="Main" type="Node"]
script = ExtResource("1")
policy = ExtResource("2")
"""

MAIN_SCRIPT = """\
extends Node

const ACTIONS: Dictionary = {"move": {"action_type": "continuous", "size": 2}}

@export var policy: RLPolicy


func _ready() -> void:
	var rows: Array = JSON.parse_string('%s')
	var outputs: Array[Array] = []
	var actions: Array[Dictionary] = []
	for row: Array in rows:
		var observation: PackedFloat32Array = PackedFloat32Array(row)
		var output: PackedFloat32Array = policy.run_flat(observation)
		outputs.append(Array(output))
		actions.append(policy.decode_action(output, ACTIONS))
	var addon: String = "res://addons/rl_studio"
	var report: Dictionary = {
		"outputs": outputs,
		"actions": actions,
		"folders": DirAccess.get_directories_at(addon),
		"files": DirAccess.get_files_at(addon),
		"raw_file": FileAccess.file_exists("res://policies/sb3_like.onnx"),
		"editor": OS.has_feature("editor"),
	}
	print("@REPORT ", JSON.stringify(report))
	get_tree().quit()
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
    report = _play(game, tmp_path)

    assert not report["editor"]
    expected = np.array(EXPECTED["outputs"]["output"])
    np.testing.assert_allclose(report["outputs"], expected, rtol=0, atol=1e-5)
    moves = [action["move"] for action in report["actions"]]
    np.testing.assert_allclose(moves, expected.clip(-1, 1), rtol=0, atol=1e-5)
    assert set(report["folders"]) <= {"icons", "runtime"}
    assert "runtime" in report["folders"]
    assert not any(name.startswith("plugin.") for name in report["files"])
    assert not report["raw_file"]


def _play(game: Path, tmp_path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(game), "--headless"],
        env=headless_environment(private_dir=tmp_path / "xdg"),
        cwd=tmp_path,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert "ERROR" not in done.stderr, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("@REPORT ")]
    assert lines, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(lines[0].removeprefix("@REPORT "))
    return report
