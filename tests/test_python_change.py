"""Goes from one Python to another in the real editor, while a backend of the first serves the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

import rl_studio
from godot_project import copy_sample, import_project
from rl_studio import interpreter
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio.transport.discovery import wait_for_discovery
from test_editor import drive, end_processes

pytestmark = [pytest.mark.godot, pytest.mark.timeout(300)]


@pytest.fixture
def game(godot: GodotBinary, tmp_path: Path) -> Iterator[Project]:
    project = copy_sample(tmp_path / "a gäme")
    import_project(godot, project)
    yield project
    end_processes(project)


def make_environment(data_dir: Path) -> Path:
    """An environment as Set up makes it, that borrows its packages; returns its Python."""
    folder = data_dir / "env"
    venv.create(folder, symlinks=True)
    packages = next((folder / "lib").glob("python*/site-packages"))
    paths = [sysconfig.get_path("purelib"), str(Path(rl_studio.__file__).parent.parent)]
    (packages / "borrowed.pth").write_text("\n".join(paths), encoding="utf-8")
    note = {"stage": "ready", "version": rl_studio.__version__, "extras": ["sb3"], "torch": "cpu"}
    (folder / "rl-studio.json").write_text(json.dumps(note), encoding="utf-8")
    return folder / "bin" / "python"


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand in for Pythons")
def test_the_environment_is_used_when_the_user_wants_it_and_what_lacks_the_studio_never(
    godot: GodotBinary, game: Project, tmp_path: Path
) -> None:
    managed = make_environment(tmp_path / "data")
    game.prepare_state_dir()
    interpreter.remember(game)
    empty = tmp_path / "without studio"
    empty.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    empty.chmod(0o755)
    bad = [str(empty), "/bin/true", str(tmp_path / "nothing")]
    with subprocess.Popen(
        [sys.executable, "-m", "rl_studio", "serve", "--project", str(game.root), "--exit-when-idle", "60"],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"GODOT": str(godot.path)},
    ) as served:
        assert wait_for_discovery(game, timeout=30) is not None
        drive(
            godot,
            game,
            "drive_python_change.gd",
            RL_STUDIO_PYTHON="",
            RL_STUDIO_DATA_DIR=str(tmp_path / "data"),
            OTHER=sys.executable,
            MANAGED=str(managed),
            BAD="\n".join(bad),
        )
        assert served.wait(10) == 0
