"""A game built for the machines of a cluster trains without Godot and without its project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rl_studio.godot import GodotBinary, headless_environment
from rl_studio.godot.building import BuildError, build_game, linux_template
from rl_studio.project import Project
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings

pytestmark = pytest.mark.godot


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Godot's own folders are not the user's."""
    for key, value in headless_environment(private_dir=tmp_path / "xdg", environ=os.environ).items():
        monkeypatch.setenv(key, value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="plays what was built")
def test_a_build_plays_the_training_scene_without_its_project(
    godot: GodotBinary, sample: Project, private: None, tmp_path: Path
) -> None:
    if linux_template(godot) is None:
        pytest.skip("needs an export template for Linux")
    presets = sample.root / "export_presets.cfg"
    before = presets.read_bytes() if presets.is_file() else None
    built = build_game(godot, sample, tmp_path / "there" / "game.x86_64")
    assert (presets.read_bytes() if presets.is_file() else None) == before
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(built.parent, elsewhere)
    game = StudioGodotEnv(GameSettings(build=elsewhere / "game.x86_64"), log_path=tmp_path / "game.log")
    try:
        assert set(game.agent_policy_names) == {"chase"}
        observations, _ = game.reset()
        assert len(observations) == game.num_envs > 1
    finally:
        game.close()


def test_a_missing_template_is_explained(
    godot: GodotBinary, sample: Project, private: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl_studio.godot.building.release_template", lambda *_args, **_options: None)
    with pytest.raises(BuildError, match="no export template for Linux") as caught:
        build_game(godot, sample, tmp_path / "game.x86_64")
    assert "Manage Export Templates" in str(caught.value.hint)


def test_the_command_says_where_the_build_is(godot: GodotBinary, sample: Project, private: None) -> None:
    if linux_template(godot) is None:
        pytest.skip("needs an export template for Linux")
    done = subprocess.run(
        [sys.executable, "-m", "rl_studio", "build-game", "--project", str(sample.root)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    built = sample.root / ".rl_studio" / "build" / "game.x86_64"
    assert str(built) in done.stdout
    assert os.access(built, os.X_OK)
