"""`rl-studio export`, with a converter that only says what it was asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from protocol_fixtures import EXPORT
from rl_studio import export_converter
from rl_studio.cli import main
from rl_studio.cli.export import describe
from rl_studio.project import Project
from rl_studio.runs.folder import RunFolder, RunMeta

RUN = "20260102-030405-default-0a1b"
FILE = EXPORT["files"][0]


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a run of two checkpoints, each of two policies."""
    script = str(Path(__file__).with_name("fake_converter.py"))
    monkeypatch.setattr(export_converter, "find", lambda trainer: [sys.executable, script])
    folder = RunFolder(project.runs_dir / RUN)
    for timesteps in (500, 900):
        checkpoint = folder.checkpoints_dir / f"step_{timesteps:012d}"
        checkpoint.mkdir(parents=True)
        told = {"timesteps": timesteps, "trainer": "sb3", "policies": {"cat": {}, "dog": {}}}
        (checkpoint / "checkpoint.json").write_text(json.dumps(told))
    folder.write_meta(
        RunMeta(RUN, "default", "sb3", "", str(project.root), "2026-01-02T03:04:05Z", state="finished")
    )
    return project


@pytest.fixture(autouse=True)
def short_description(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake converter's files have no proof to describe."""
    monkeypatch.setattr("rl_studio.cli.export.describe", lambda file: f"exported {file['path']}")


def export(run: Project, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    assert main(["export", *words, "--project", str(run.root), "--json"]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def asked(run: Project, policy: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run.root / "policies" / f"{policy}.onnx").read_text())
    return content


def test_a_larger_difference_can_be_allowed(run: Project, capsys: pytest.CaptureFixture[str]) -> None:
    export(run, capsys, "--no-godot", "--tolerance", "1e-4")
    assert asked(run, "cat")["tolerance"] == "0.0001"
    for nonsense in ("0", "1", "-1", "nan", "much"):
        with pytest.raises(SystemExit):
            main(["export", "--tolerance", nonsense, "--project", str(run.root)])
        assert "no number between 0 and 1" in capsys.readouterr().err


def test_all_policies_of_the_latest_checkpoint_are_exported(
    run: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    result = export(run, capsys, "--no-godot")
    assert (result["run"], result["checkpoint"]) == (RUN, 900)
    assert [file["policy"] for file in result["files"]] == ["cat", "dog"]
    assert asked(run, "cat")["godot"] == "None"


def test_options_reach_the_converter(run: Project, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--checkpoint", "500", "--policy", "dog", "--opset", "18", "--ir-version", "9", "--no-godot")
    result = export(run, capsys, "2026", *words)
    assert (result["checkpoint"], [file["policy"] for file in result["files"]]) == (500, ["dog"])
    assert (asked(run, "dog")["opset"], asked(run, "dog")["ir_version"]) == ("18", "9")


def test_without_a_godot_the_way_out_is_named(
    run: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    error = export(run, capsys, "--godot", str(tmp_path / "nowhere"), code=1)["error"]
    assert (error["code"], "--no-godot" in error["hint"]) == ("godot_not_found", True)
    assert not (run.root / "policies").exists()


def test_a_checkpoint_that_is_none_is_refused(run: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--project", str(run.root), "--checkpoint", "oldest"])
    assert "neither latest nor best nor a number" in capsys.readouterr().err
    assert "500, 900" in export(run, capsys, "--checkpoint", "7", "--no-godot", code=1)["error"]["hint"]


def test_the_proof_is_told_in_words() -> None:
    assert describe(FILE).splitlines() == [
        "res://policies/cat.onnx: cat at 200000 timesteps, 4996 parameters, opset 17",
        "  compared on 1280 observations, largest difference 5.0e-07 of 1e-05 allowed",
        "  ONNX Runtime  log_std 0.0e+00, output 2.5e-07",
        "  Godot         log_std 0.0e+00, output 5.0e-07",
        "  actions       1280 of 1280 the same",
    ]
    proof = {**FILE["proof"], "sequences": 20, "godot": None}
    told = describe({**FILE, "proof": proof})
    assert "1280 observations in 20 sequences" in told
    assert "Godot         not tried" in told


def test_a_game_of_godot_rl_agents_is_told_what_plays_the_file(
    run: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    wrapper = run.root / "addons" / "godot_rl_agents" / "onnx" / "wrapper" / "ONNX_wrapper.gd"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text("class_name ONNXModel\n")
    assert main(["export", "--no-godot", "--project", str(run.root)]) == 0
    assert f"rl-studio install-addon --stock {run.root}" in capsys.readouterr().out
