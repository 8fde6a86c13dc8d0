"""A fleet of fake games with known values: rows, sections, episodes, and games that die."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rl_studio_training.errors import (
    DivergedError,
    SpacesError,
)
from rl_studio_training.fleet import GameFleet
from rl_studio_training.godot_env import StudioGodotEnv
from training.conftest import MakeFleet, MakeGame, is_alive, wait_until
from training.fleet_steps import pids, step, still

WIRES = ["studio", "binary"]
TWO = ("continuous", "continuous")


# --- rows and sections


def test_agents_of_all_games_are_rows(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(TWO)
    batch = fleet.reset()
    assert (fleet.n_rows, fleet.rows) == (4, [slice(0, 2), slice(2, 4)])
    assert isinstance(batch.observations, np.ndarray)
    np.testing.assert_allclose(batch.observations[:, 0], [0.0, 0.1, 0.0, 0.1])
    group = fleet.groups[0]
    assert (group.policy, group.rows.tolist()) == ("walker", [0, 1, 2, 3])


def test_games_are_split_into_two_sections(make_fleet: MakeFleet) -> None:
    assert make_fleet().sections == [[0]]
    fleet = make_fleet(["continuous"] * 3)
    assert (fleet.sections, fleet.section_rows) == ([[0, 1], [2]], [slice(0, 4), slice(4, 6)])
    fleet.reset()
    assert [batch.rewards.tolist() for batch in step(fleet)] == [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0]]


def test_sections_may_be_received_in_any_order(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(TWO)
    fleet.reset()
    fleet.send(0, still(fleet, 0))
    fleet.send(1, still(fleet, 1))
    for turn in (1, 2, 3):
        second = fleet.receive(1)
        fleet.send(1, still(fleet, 1))
        first = fleet.receive(0)
        fleet.send(0, still(fleet, 0))
        for batch in (first, second):
            assert isinstance(batch.observations, np.ndarray)
            np.testing.assert_allclose(batch.observations[:, 1], turn / 5)


def test_all_games_are_launched_before_the_first_is_waited_for(make_game: MakeGame) -> None:
    connected: list[bool] = []
    games: list[StudioGodotEnv] = []

    def launch(instance: int, seed: int) -> StudioGodotEnv:
        connected.extend(hasattr(game, "env_info") for game in games)
        games.append(make_game(instance=instance, seed=seed, connect=False, extra={"wire": "studio"}))
        return games[-1]

    fleet = GameFleet(launch, 3, seed=0)
    assert connected == [False] * 3
    assert fleet.n_rows == 6


def test_actions_go_to_the_games_they_are_for(make_fleet: MakeFleet, tmp_path: Path) -> None:
    fleet = make_fleet(TWO, wire="binary")
    fleet.reset()
    fleet.send(1, np.array([[0.5, -0.5], [2.0, 1.0]], np.float32))
    fleet.receive(1)
    sent = json.loads((tmp_path / "build" / "actions.jsonl").read_text())
    assert sent == [{"move": [0.5, -0.5]}, {"move": [1.0, 1.0]}]


def test_nan_actions_are_refused(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.reset()
    with pytest.raises(DivergedError):
        fleet.send(0, np.full((2, 2), np.nan, np.float32))


@pytest.mark.parametrize("wire", WIRES)
def test_masks_come_along(make_fleet: MakeFleet, wire: str) -> None:
    fleet = make_fleet(("multidiscrete", "multidiscrete"), wire=wire, extra={"masks": "1"})
    masks = fleet.reset().masks
    assert masks is not None
    assert (masks.dtype, masks.shape, fleet.groups[0].mask_width) == (np.bool_, (4, 5), 5)
    assert masks[0].tolist() == [False, True, True, False, True]
    batch = step(fleet)[1]
    assert batch.masks is not None
    assert batch.masks[0].tolist() == [True, False, True, True, False]


def test_a_seed_goes_to_each_game(make_fleet: MakeFleet, tmp_path: Path) -> None:
    fleet = make_fleet(TWO, wire="binary", seed=3)
    fleet.reset()
    fleet.reset(seed=40)
    lines = (tmp_path / "build" / "resets.jsonl").read_text().splitlines()
    seeds = sorted((entry["env_seed"], str(entry["seed"])) for entry in map(json.loads, lines))
    assert seeds == [("3", "40"), ("3", "None"), ("4", "41"), ("4", "None")]


def test_several_policies_are_refused_by_name(make_fleet: MakeFleet) -> None:
    with pytest.raises(SpacesError, match=r"red \(1 agent\), blue \(1 agent\)") as caught:
        make_fleet(["two_policies"])
    assert "RLlib" in str(caught.value.hint)


def test_games_that_differ_are_refused(make_fleet: MakeFleet) -> None:
    with pytest.raises(SpacesError, match=r"Game 1 has the observations .*extra"):
        make_fleet(["continuous", "two_keys"])


def test_too_many_games_are_worth_a_warning(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rl_studio_training.fleet_core.available_cores", lambda: 1)
    warnings: list[str] = []
    make_fleet(TWO, on_warning=warnings.append)
    assert "2 games share 1 core;" in warnings[0]


# --- episodes


@pytest.mark.parametrize("wire", WIRES)
def test_the_end_of_an_episode_tells_all(make_fleet: MakeFleet, wire: str) -> None:
    fleet = make_fleet(TWO, wire=wire)
    fleet.reset()
    for _ in range(5):
        first, second = step(fleet)
    assert second.ended.tolist() == [True, True]
    assert second.terminated.tolist() == [True, False]
    assert second.truncated.tolist() == [False, True]
    assert isinstance(second.observations, np.ndarray)
    assert second.observations[:, 1].tolist() == [0.0, 0.0]
    assert isinstance(second.terminal_observations, np.ndarray)
    np.testing.assert_allclose(second.terminal_observations, [[0.0, 1.0, 0.5], [0.1, 1.0, 0.5]])
    assert (second.infos[1]["episode"]["r"], second.infos[1]["episode"]["l"]) == (10.0, 5)
    assert [first.infos[row]["is_success"] for row in (0, 1)] == [True, False]
    summary = fleet.episodes.summary()
    assert (summary["reward_mean"], summary["episodes"], summary["episode_len_mean"]) == (7.5, 4, 5.0)
    assert fleet.episodes.custom_metrics() == {"height": 2.5}
    assert fleet.episodes_by_policy == {"walker": fleet.episodes}


def test_nothing_ends_in_mid_episode(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.reset()
    (batch,) = step(fleet)
    assert (batch.terminal_observations, batch.infos) == (None, {})
    assert not batch.ended.any()


def test_a_reset_forgets_the_episodes_under_way(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.reset()
    for _ in range(3):
        step(fleet)
    fleet.send(0, still(fleet))
    fleet.reset()
    for _ in range(5):
        (batch,) = step(fleet)
    assert batch.infos[0]["episode"]["l"] == 5


def test_a_stock_game_loses_its_first_rewards_after_each_reset(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(wire="stock")
    for _ in range(2):
        fleet.reset()
        assert step(fleet)[0].rewards.tolist() == [0.0, 0.0]
        assert step(fleet)[0].rewards.tolist() == [1.0, 2.0]


def test_where_a_game_does_not_tell_the_last_observation_is_terminal(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(["stock"])
    fleet.reset()
    for _ in range(5):
        (batch,) = step(fleet)
    assert batch.terminated.tolist() == [True, True]
    assert isinstance(batch.terminal_observations, np.ndarray)
    np.testing.assert_allclose(batch.terminal_observations, [[0.0, 0.8, 0.5], [0.1, 0.8, 0.5]])


# --- the end, and time


def test_closing_ends_all_games(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(TWO)
    fleet.close()
    fleet.close()
    for pid in pids(fleet):
        wait_until(lambda pid=pid: not is_alive(pid))


def test_time_is_told_apart(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(TWO, wire="binary")
    fleet.reset()
    step(fleet)
    timing = fleet.timing
    assert timing.steps == 4
    assert 0.0 < timing.game_s <= timing.waited_s
    assert timing.game_s <= 4 * 250e-6, "the games say that they took 250 µs for each answer"
    assert timing.busy_s == pytest.approx(timing.game_s + timing.wire_s)
