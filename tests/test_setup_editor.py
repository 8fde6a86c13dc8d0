"""Sets Python up in the real editor, from an empty home; test_five_minutes.py goes on from there and trains."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from godot_project import GD_TESTS, copy_sample, import_project
from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio.setup import bare, engine, own_wheel, places, state
from rl_studio.setup.report import Report
from rl_studio.setup.wheel import Wheel
from test_editor import end_processes

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(500)]

BAD_OUTPUT = ("SCRIPT ERROR", "Parse Error", "Compile Error", "RL Studio:")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, with a name as people have them."""
    folder = tmp_path / "Zoë Müller"
    folder.mkdir()
    return folder


@pytest.fixture
def game(godot: GodotBinary, tmp_path: Path) -> Iterator[Project]:
    """The sample project with an addon that carries the package, as users get it."""
    project = copy_sample(tmp_path / "a gäme")
    own_wheel.put_into(project.root / "addons" / "rl_studio")
    import_project(godot, project)
    yield project
    end_processes(project)


def drive(
    godot: GodotBinary, game: Project, home: Path, script: str, *, path: str = "", **arguments: str
) -> str:
    """Runs a driver script in an editor whose user has nothing but a home; returns what was printed."""
    ours = ("XDG_", "RL_STUDIO_", "PYENV_", "VIRTUAL_ENV", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {"HOME": str(home), "GODOT": str(godot.path), "RL_STUDIO_EDITOR_TEST": "1"}
    env |= {f"RL_STUDIO_TEST_{name}": value for name, value in arguments.items()}
    env["PATH"] = path or env["PATH"]
    log = home / "editor.log"
    argv = [
        str(godot.path),
        "--headless",
        "-e",
        "--path",
        str(game.root),
        "-s",
        str(GD_TESTS / "editor" / script),
    ]
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(argv, env=env, timeout=450, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, text
    assert not any(bad in text for bad in BAD_OUTPUT), text
    return text


@pytest.mark.parametrize("fails", [False, True])
def test_uv_brings_a_python(godot: GodotBinary, game: Project, home: Path, fails: bool) -> None:
    """In place of uv a script that "installs" the Python of the tests: the real one needs a network."""
    uv = home / "bin" / "uv"
    uv.parent.mkdir()
    words = "echo 'error: no such release' >&2; exit 2"
    if not fails:
        words = (
            f'mkdir -p "$6/cpython-3.12/bin" && ln -s "{bare.base_python()}" "$6/cpython-3.12/bin/python3"'
        )
    uv.write_text(f"#!/bin/sh\n{words}\n", encoding="utf-8")
    uv.chmod(0o755)
    path = f"{uv.parent}{os.pathsep}{os.environ['PATH']}"
    drive(godot, game, home, "drive_uv.gd", path=path, EXPECTED="no such release" if fails else "")
    assert (state.ready_python(places.Places(home / ".local/share/godot-rl-studio")) is None) == fails


def test_a_newer_addon_brings_the_environment_up_to_date_and_it_can_be_removed(
    godot: GodotBinary, game: Project, home: Path
) -> None:
    there = places.Places(home / ".local/share/godot-rl-studio")
    (wheel,) = (game.root / "addons/rl_studio/setup").glob("*.whl")
    request = engine.Request((), "cpu", Wheel(wheel))
    made = engine.set_up(there, request, Report(lambda _event: None), threading.Event())
    replace(made, version="0.0.9", wheel="another").save(there)
    drive(godot, game, home, "drive_upgrade.gd")
    assert state.load(there) is None
