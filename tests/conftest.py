"""Fixtures shared by all tests: an environment of their own, Godot, and projects."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import godot_project
from rl_studio.addon import install_addon
from rl_studio.godot import GodotBinary, GodotNotFoundError, ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio.userdata import data_dir

_USERS_DATA_DIR = data_dir()
_OURS = ("RL_STUDIO_", "CONTROLLER_METRICS")


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the user's leaks in, and nothing is left behind for him.

    The Godot that he would get is found once and named in $GODOT; his settings, caches and data folders are not used.
    """
    # A shell that runs the tests in the background has them, and all that they start, ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        try:
            patch.setenv("GODOT", str(find_godot().path))
        except GodotNotFoundError:
            patch.delenv("GODOT", raising=False)
        for name in list(os.environ):
            if name.startswith(_OURS):
                patch.delenv(name)
        for name in ("DATA", "CONFIG", "CACHE", "STATE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        patch.setenv("RL_STUDIO_DATA_DIR", str(home / "studio"))
        patch.setenv("SB3_LOGDIR", str(home / "sb3"))  # models without a logger make a folder for one
        yield


@pytest.fixture
def users_data_dir() -> Path:
    """The user's own data folder, where his managed Godot is; only to be looked at."""
    return _USERS_DATA_DIR


@pytest.fixture(scope="session")
def godot(own_environment: None) -> GodotBinary:
    """The Godot that the tests use; `make godot` sets one up where there is none."""
    return find_godot()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty Godot project."""
    root = tmp_path / "game"
    root.mkdir()
    (root / "project.godot").write_text(
        'config_version=5\n\n[application]\n\nconfig/name="Test Game"\nrun/main_scene="res://main.tscn"\n',
        encoding="utf-8",
    )
    return Project.open(root)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the sample project with the addon, shared by the tests of a module."""
    project = godot_project.copy_sample(tmp_path_factory.mktemp("sample") / "a game")
    install_addon(project)
    return project


@pytest.fixture(scope="session")
def imported_sample(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The sample project with the addon, imported; for tests that only play it."""
    project = godot_project.copy_sample(tmp_path_factory.mktemp("sample") / "the game")
    ensure_imported(godot, project)
    return project
