"""Fixtures shared by all tests: an environment of their own, Godot, and projects."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import godot_imports
import godot_project
from rl_studio.addon import install_addon
from rl_studio.godot import GodotBinary, GodotNotFoundError, ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio.userdata import data_dir
from rl_studio_training.cores import available_cores

_USERS_DATA_DIR = data_dir()
_OURS = ("RL_STUDIO_", "CONTROLLER_METRICS")
_MOST_WORKERS = 4
"""Each has a PyTorch, a Ray and games of its own, about 2 GB."""

# Before PyTorch is loaded: threads of workers that wait for each other take the cores from those that compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker for each core; none for single files, which are done before workers have started."""
    folders_only = all(Path(argument.split("::")[0]).is_dir() for argument in config.args)
    workers = min(available_cores(), _MOST_WORKERS)
    return workers if folders_only and workers > 1 else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, the files that train come first: none of them shall be left over for one worker at the end."""
    if hasattr(config, "workerinput"):
        trains = {item.path for item in items if item.get_closest_marker("training")}
        items.sort(key=lambda item: item.path not in trains)


@pytest.fixture(scope="session", autouse=True)
def shared_imports(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What one test has had imported is there for all, whichever worker runs them."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent  # the workers' folders are in one of the session
    godot_imports.share(session / "imports")


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the user's leaks in, and nothing is left behind for him.

    The Godot that he would get is found once and named in $GODOT; his settings, caches and data folders are not used.
    """
    # A shell that runs the tests in the background has them, and all that they start, ignore SIGINT; nohup SIGHUP.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
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
