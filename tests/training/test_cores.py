"""Games are kept off the trainer's core while there are cores to spare."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rl_studio_training.cores import SPIN_S, available_cores, set_apart
from rl_studio_training.godot_env import StudioGodotEnv
from training.conftest import MakeFleet
from training.fleet_steps import pids

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores are a Linux matter")


@pytest.fixture
def game() -> Iterator[int]:
    """The id of a process that waits."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first two cores that this process has, as if there were no others."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        pytest.skip("needs two cores")
    real = os.sched_getaffinity
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(cores) if pid == 0 else real(pid))
    return cores


def test_a_game_leaves_the_trainer_a_core(game: int, two_cores: list[int]) -> None:
    assert set_apart([game], 1)
    assert os.sched_getaffinity(game) == {two_cores[1]}


def test_as_many_games_as_cores_share_all_of_them(game: int, two_cores: list[int]) -> None:
    before = os.sched_getaffinity(game)
    assert not set_apart([game], len(two_cores))
    assert os.sched_getaffinity(game) == before


def test_a_game_that_is_gone_does_no_harm(game: int, two_cores: list[int]) -> None:
    assert available_cores() == len(two_cores)
    assert set_apart([2**22 + 1, game], 1)
    assert os.sched_getaffinity(game) == {two_cores[1]}


@pytest.mark.parametrize("keeps_core", [True, False])
def test_only_a_fleet_that_keeps_a_core_moves_its_games(
    make_fleet: MakeFleet, two_cores: list[int], keeps_core: bool
) -> None:
    (pid,) = pids(make_fleet(keeps_core=keeps_core))
    everywhere = os.sched_getaffinity(os.getpid())
    assert os.sched_getaffinity(pid) == ({two_cores[1]} if keeps_core else everywhere)


@pytest.mark.parametrize(
    ("keeps_core", "games", "expected"), [(True, 1, SPIN_S), (True, 2, 0.0), (False, 1, 0.0)]
)
def test_games_look_for_messages_without_sleeping_where_that_takes_nobodys_core(
    make_fleet: MakeFleet,
    two_cores: list[int],
    monkeypatch: pytest.MonkeyPatch,
    keeps_core: bool,
    games: int,
    expected: float,
) -> None:
    asked: list[float] = []
    connect = StudioGodotEnv.connect

    def note(game: StudioGodotEnv, *, spin_s: float = 0.0) -> None:
        asked.append(spin_s)
        connect(game, spin_s=spin_s)

    monkeypatch.setattr(StudioGodotEnv, "connect", note)
    make_fleet(["continuous"] * games, keeps_core=keeps_core, on_warning=lambda _message: None)
    assert asked == [expected] * games
