"""rl_studio_training.ray_folder and .ray_reaper: Ray's files, wherever TMPDIR points, and whatever ends the run."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from disks import fill, read_only, small_disk
from rl_studio.project import Project
from rl_studio.runs import processes
from rl_studio_training import ray_folder
from rl_studio_training.ray_folder import LONGEST_SOCKET, RayFolderError, make_folder
from training.conftest import MakeBuild, wait_until
from training.rllib_trainers import start_trainer

MACS_LETTERS = 48
"""As in /var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T."""


def with_letters(folder: Path, count: int) -> Path:
    """A folder below `folder` whose path has so many letters."""
    path = folder / ("x" * (count - len(str(folder)) - 1))
    path.mkdir()
    assert len(str(path)) == count
    return path


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path of 13 letters; pytest's own are too long for this."""
    with tempfile.TemporaryDirectory(prefix="", dir="/tmp") as folder:
        yield Path(folder)


def test_it_is_private_and_in_the_first_folder_that_is_short_enough(short: Path) -> None:
    long = with_letters(short, MACS_LETTERS)
    with make_folder([long, short]) as name:
        folder = Path(name)
        assert folder.parent == short
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == os.geteuid()
        socket = f"{folder}/r/session_2026-01-02_03-04-05_123456_4194304/sockets/plasma_store"
        assert len(socket) <= LONGEST_SOCKET
    assert not folder.exists()


def test_letters_of_two_bytes_count_twice(short: Path) -> None:
    with make_folder([short]) as name:
        spare = LONGEST_SOCKET - len(
            f"{name}/r/session_2026-01-02_03-04-05_123456_4194304/sockets/plasma_store"
        )
    fits, long = short / ("ä" * ((spare - 1) // 2)), short / ("ö" * spare)
    fits.mkdir()
    long.mkdir()
    with make_folder([long, fits]) as name:
        assert Path(name).parent == fits


def test_the_usual_ones_begin_with_tmpdir(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    with make_folder() as name:
        assert Path(name).parent == short
    monkeypatch.setattr(tempfile, "tempdir", str(with_letters(short, 80)))
    with make_folder() as name:
        assert Path(name).parent == Path("/tmp").resolve()


def test_without_a_fitting_one_each_is_told_and_tmpdir_named(short: Path) -> None:
    long, frozen = with_letters(short, 80), short / "ro"
    frozen.mkdir()
    with small_disk(short / "full") as full, read_only(frozen):
        fill(full)
        with pytest.raises(RayFolderError) as caught:
            make_folder([long, frozen, full])
    assert f"The path of {long} is too long: it has 80 letters" in caught.value.message
    assert f"{frozen} cannot be written" in caught.value.message or "is read-only" in caught.value.message
    assert f"The disk is full: {full} has 0 bytes free." in caught.value.message
    assert "TMPDIR" in str(caught.value.hint)
    assert ray_folder.RayFolderError.code == "ray_folder"


@pytest.fixture
def start(project: Project, tmp_path: Path, make_build: MakeBuild) -> Iterator[Any]:
    trainers = []

    def make(**config: Any) -> Any:
        trainers.append(start_trainer(project.root, tmp_path, make_build("two_policies"), **config))
        return trainers[-1]

    yield make
    for trainer in trainers:
        trainer.process.kill()
        trainer.process.wait(20)


@pytest.mark.training
@pytest.mark.timeout(240)
def test_rllib_trains_with_a_long_tmpdir_and_killing_all_of_it_leaves_nothing(
    start: Any, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(with_letters(short, MACS_LETTERS)))
    monkeypatch.setenv(processes.RUN_VARIABLE, str(tmp_path / "run"))
    trainer = start()
    trainer.wait_for_metrics()
    members = processes.members(tmp_path / "run")
    command = " ".join(word for member in members for word in member.cmdline())
    (folder,) = [path for path in Path("/tmp").glob("rls-*") if f"{path.name}/" in command]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # As a watcher does with a run that does not stop: all its processes, and all that they started.
    processes.end_all(members, kill=True)
    trainer.process.wait(20)
    wait_until(lambda: not folder.exists(), 20)
    gone, alive = psutil.wait_procs(members, timeout=10)
    assert (len(gone), alive) == (len(members), [])
