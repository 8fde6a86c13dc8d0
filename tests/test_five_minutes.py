"""From an empty home and an empty project to a policy that plays, as docs/five-minutes.md says, in the real editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from five_minutes import drive, make_project
from rl_studio.godot import GodotBinary
from rl_studio.setup import places, state
from test_editor import end_processes

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(900)]


def test_a_stranger_gets_from_an_empty_project_to_a_policy_that_plays(
    godot: GodotBinary, tmp_path: Path
) -> None:
    home = tmp_path / "Zoë Müller"
    home.mkdir()
    project = make_project(tmp_path / "my gäme")
    try:
        drive(godot, project, home, cancel_at="Downloading")
    finally:
        end_processes(project)
    assert (project.root / "policies" / "shared_policy.onnx").is_file()
    data = home / ".local" / "share" / "godot-rl-studio"
    found = state.load(places.Places(data))
    assert found is not None
    assert (found.stage, found.extras, found.torch) == ("ready", ("sb3",), "cpu")
    left = sorted(path.name for path in (data / "setup").iterdir())
    assert left == ["constraints.txt", "lock", "setup.log", "wheels"]
