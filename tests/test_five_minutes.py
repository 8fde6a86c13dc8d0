"""From an empty home and an empty project to a policy that plays, as docs/five-minutes.md says, in the real editor."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from five_minutes import drive, make_project
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio.setup import places, state
from test_editor import end_processes

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(900)]


def play(home: Path, project: Project) -> dict[str, Any]:
    """Figures of the exported policy in the scene, by the environment that was set up."""
    python = home / ".local" / "share" / "godot-rl-studio" / "env" / "bin" / "python"
    words = ["evaluate", "--project", str(project.root), "--scene", "res://game.tscn", "--episodes", "40"]
    words += ["--policy", "res://policies/shared_policy.onnx", "--json"]
    done = subprocess.run(
        [str(python), "-m", "rl_studio", *words], capture_output=True, text=True, timeout=150, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def test_a_stranger_gets_from_an_empty_project_to_a_policy_that_plays(
    godot: GodotBinary, tmp_path: Path
) -> None:
    home = tmp_path / "Zoë Müller"
    home.mkdir()
    project = make_project(tmp_path / "my gäme")
    try:
        drive(godot, project, home, cancel_at="Downloading")
        played = play(home, project)
    finally:
        end_processes(project)
    assert played["success_rate"] > 0.8, played
    assert (project.root / "policies" / "shared_policy.onnx").is_file()
    data = home / ".local" / "share" / "godot-rl-studio"
    found = state.load(places.Places(data))
    assert found is not None
    assert (found.stage, found.extras, found.torch) == ("ready", ("sb3",), "cpu")
    left = sorted(path.name for path in (data / "setup").iterdir())
    assert left == ["constraints.txt", "lock", "setup.log", "wheels"]
