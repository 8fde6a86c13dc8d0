"""What the docks look like, measured in real editors: other scales, themes and sizes. See also dock_pictures.py."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dock_looks import dock_environment, screen, windowed, write_editor_settings
from godot_project import GD_TESTS, copy_sample, import_project
from rl_studio.addon import put_manual_into
from rl_studio.godot import GodotBinary
from rl_studio.project import Project

pytestmark = [pytest.mark.godot, pytest.mark.timeout(300)]


@pytest.fixture
def game(godot: GodotBinary, tmp_path: Path) -> Project:
    """A copy of the sample project, imported."""
    project = copy_sample(tmp_path / "game")
    import_project(godot, project)
    return project


def look(godot: GodotBinary, project: Project, script: str, look_of_it: str, size: str | None = None) -> None:
    """Runs a driver script in an editor of that scale and theme, without a window or in one of `size`."""
    write_editor_settings(project, look_of_it)
    argv = [str(godot.path), "-e", "--path", str(project.root), "-s", str(GD_TESTS / "editor" / script)]
    env = dock_environment(project)
    if size is None:
        told = _run([*argv, "--headless"], env, project)
    else:
        with screen(size) as display:
            arguments, variables = windowed(display, size)
            told = _run([*argv, *arguments], env | variables, project)
    assert "SCRIPT ERROR" not in told, told


def _run(argv: list[str], env: dict[str, str], project: Project) -> str:
    log = project.root.parent / "editor.log"
    with log.open("w", encoding="utf-8") as text:
        code = subprocess.run(argv, env=env, timeout=200, stdout=text, stderr=subprocess.STDOUT).returncode
    told = log.read_text(encoding="utf-8", errors="replace")
    assert code == 0, told
    return told


@pytest.mark.parametrize("look_of_it", ["100-dark", "200-light"])
def test_docks_can_be_read(godot: GodotBinary, game: Project, look_of_it: str) -> None:
    look(godot, game, "drive_docks.gd", look_of_it)


def test_help_opens_the_page_that_fits(godot: GodotBinary, game: Project) -> None:
    put_manual_into(game.root / "addons" / "rl_studio")
    look(godot, game, "drive_help.gd", "100-dark")


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
def test_docks_are_within_a_small_window(godot: GodotBinary, game: Project) -> None:
    look(godot, game, "drive_small_window.gd", "100-dark", "1152x648")
