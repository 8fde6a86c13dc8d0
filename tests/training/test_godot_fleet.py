"""A fleet of real games in Godot: seeds, death by signal, and what is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from rl_studio_training.fleet import GameFleet, launcher
from rl_studio_training.launch import GameSettings
from training.conftest import SCALE, is_alive
from training.fleet_steps import pids, step, still

pytestmark = [pytest.mark.godot, pytest.mark.training, pytest.mark.timeout(180)]

MakeSampleFleet = Callable[..., GameFleet]


@pytest.fixture
def make_sample_fleet(
    imported_sample: Project, godot: GodotBinary, tmp_path: Path
) -> Iterator[MakeSampleFleet]:
    """Starts games of the sample project; ends them after the test."""
    fleets: list[GameFleet] = []

    def make(count: int, *, step_timeout_s: float = 60.0, **options: Any) -> GameFleet:
        settings = GameSettings(
            project=imported_sample,
            godot=godot,
            scene=imported_sample.training_scene,
            action_repeat=8,
            step_timeout_s=step_timeout_s,
        )
        fleets.append(GameFleet(launcher(settings, tmp_path), count, **{"seed": 0, **options}))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.close()


def rewards_of(fleet: GameFleet, steps: int) -> np.ndarray:
    return np.array([np.concatenate([batch.rewards for batch in step(fleet)]) for _ in range(steps)])


def test_it_speaks_binary(make_sample_fleet: MakeSampleFleet) -> None:
    fleet = make_sample_fleet(1)
    assert (fleet.games[0].is_ours, fleet.games[0].is_binary) == (True, True)
    batch = fleet.reset()
    assert isinstance(batch.observations, np.ndarray)
    assert batch.observations.shape == (fleet.n_rows, *fleet.groups[0].observations.space.shape)


def test_a_seed_makes_a_reset_repeatable(make_sample_fleet: MakeSampleFleet) -> None:
    fleet = make_sample_fleet(1)
    found = []
    for seed in (7, 7, 8):
        batch = fleet.reset(seed=seed)
        assert isinstance(batch.observations, np.ndarray)
        found.append((batch.observations.copy(), rewards_of(fleet, 60)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert (found[0][0] != found[2][0]).any()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("deadly", ["SIGKILL", "SIGSTOP"])
def test_a_game_that_is_killed_or_hangs_is_replaced(make_sample_fleet: MakeSampleFleet, deadly: str) -> None:
    events: list[dict[str, Any]] = []
    fleet = make_sample_fleet(
        2, step_timeout_s=3.0 * SCALE, on_event=lambda _kind, **fields: events.append(fields)
    )
    fleet.reset()
    victim = pids(fleet)[1]
    os.kill(victim, getattr(signal, deadly))
    first, second = step(fleet)
    assert not first.ended.any()
    assert second.truncated.all()
    assert second.terminal_observations is not None
    expected = {"SIGKILL": "game_crashed", "SIGSTOP": "game_timeout"}[deadly]
    assert (events[0]["instance"], events[0]["reason"]) == (1, expected)
    assert not is_alive(victim)
    assert np.isfinite(rewards_of(fleet, 10)).all()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_no_game_is_left_whatever_state_it_is_in(make_sample_fleet: MakeSampleFleet) -> None:
    fleet = make_sample_fleet(2)
    fleet.reset()
    fleet.send(0, still(fleet, 0))
    games = pids(fleet)
    os.kill(games[1], signal.SIGSTOP)
    fleet.close()
    assert [is_alive(pid) for pid in games] == [False, False]
