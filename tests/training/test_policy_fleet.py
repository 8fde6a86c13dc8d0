"""Fleets of several policies: whose rows are whose, what each is told, and games that die."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl_studio_training.errors import SpacesError
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.policy_fleet import PolicyFleet
from training.conftest import MakeGame

MakePolicyFleet = Callable[..., PolicyFleet]


@pytest.fixture
def make_fleet(make_game: MakeGame) -> Iterator[MakePolicyFleet]:
    """Starts a fleet of fake games, one for each mode named; ends them after the test."""
    fleets: list[PolicyFleet] = []

    def make(modes: Sequence[str], *, extra: dict[str, str] | None = None, **options: Any) -> PolicyFleet:
        def launch(instance: int, seed: int) -> StudioGodotEnv:
            told = {"wire": "studio", "policies": "red,blue", **(extra or {})}
            return make_game(modes[instance], instance=instance, seed=seed, connect=False, extra=told)

        fleets.append(PolicyFleet(launch, len(modes), **{"seed": 0, **options}))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.close()


def still(fleet: PolicyFleet, section: int) -> list[Any]:
    """Actions of zero for the rows of a section."""
    return [
        np.zeros((rows[section].stop - rows[section].start, *group.actions.space.shape), np.float32)
        for group, rows in zip(fleet.groups, fleet.section_rows, strict=True)
    ]


def step(fleet: PolicyFleet) -> list[list[Any]]:
    """One step of all sections: batches by section and policy."""
    sections = range(len(fleet.sections))
    for section in sections:
        fleet.send(section, still(fleet, section))
    return [fleet.receive(section) for section in sections]


@pytest.mark.parametrize("wire", ["studio", "binary"])
def test_rows_of_a_policy_are_its_agents_game_by_game(make_fleet: MakePolicyFleet, wire: str) -> None:
    fleet = make_fleet(["continuous"] * 3, extra={"wire": wire})
    red, blue = fleet.reset()
    assert [group.policy for group in fleet.groups] == ["red", "blue"]
    assert fleet.section_rows == [[slice(0, 2), slice(2, 3)]] * 2
    np.testing.assert_allclose(red.observations[:, 0], [0.0] * 3)
    np.testing.assert_allclose(blue.observations[:, 0], [0.1] * 3)
    first, second = step(fleet)
    assert [batch.rewards.tolist() for batch in first] == [[1.0, 1.0], [2.0, 2.0]]
    assert [batch.rewards.tolist() for batch in second] == [[1.0], [2.0]]


def test_each_agent_gets_its_own_action(make_fleet: MakePolicyFleet, tmp_path: Path) -> None:
    fleet = make_fleet(["continuous"], extra={"acts": "continuous,discrete"})
    fleet.reset()
    fleet.send(0, [np.array([[0.5, -0.5]], np.float32), np.array([3])])
    fleet.receive(0)
    (sent,) = (tmp_path / "build" / "actions.jsonl").read_text().splitlines()
    assert json.loads(sent) == [{"move": [0.5, -0.5]}, {"turn": 3}]


def test_policies_end_at_times_of_their_own(make_fleet: MakePolicyFleet) -> None:
    episodes: list[tuple[str, float]] = []
    fleet = make_fleet(
        ["continuous"],
        extra={"lengths": "5,3"},
        on_episode=lambda policy, episode: episodes.append((policy, episode.reward)),
    )
    fleet.reset()
    steps = [step(fleet)[0] for _ in range(6)]
    assert [batches[0].ended.tolist() for batches in steps] == [[number == 4] for number in range(6)]
    assert [batches[1].ended.tolist() for batches in steps] == [[number in (2, 5)] for number in range(6)]
    np.testing.assert_allclose(steps[2][1].terminal_observations, [[0.1, 0.6, 0.5]])
    assert steps[2][1].infos[0]["episode"]["r"] == 6.0
    assert steps[2][0].infos == {}
    assert episodes == [("blue", 6.0), ("red", 5.0), ("blue", 6.0)]
    assert {name: window.total for name, window in fleet.episodes_by_policy.items()} == {"red": 1, "blue": 2}


def test_shared_agents_are_rows_of_one_policy(make_fleet: MakePolicyFleet) -> None:
    fleet = make_fleet(["continuous"] * 2, extra={"lengths": "5,3"}, shared=True)
    (batch,) = fleet.reset()
    assert [group.policy for group in fleet.groups] == ["shared_policy"]
    np.testing.assert_allclose(batch.observations[:, 0], [0.0, 0.1, 0.0, 0.1])
    steps = [step(fleet) for _ in range(3)]
    (ended,) = steps[2][1]
    assert ended.ended.tolist() == [False, True]
    assert list(ended.infos) == [1]
    np.testing.assert_allclose(ended.terminal_observations, [[0.1, 0.6, 0.5]])


def test_a_game_that_dies_cuts_the_episodes_of_all_its_policies(make_fleet: MakePolicyFleet) -> None:
    fleet = make_fleet(["crash", "continuous"], extra={"misbehave_at": "2", "misbehave_seed": "0"})
    fleet.reset()
    step(fleet)
    dead, alive = step(fleet)
    assert [batch.truncated.tolist() for batch in dead] == [[True], [True]]
    assert [batch.ended.tolist() for batch in alive] == [[False], [False]]
    np.testing.assert_allclose(dead[1].terminal_observations, [[0.1, 0.2, 0.5]])
    np.testing.assert_allclose(dead[1].observations, [[0.1, 0.0, 0.5]])
    assert fleet.episodes_by_policy["red"].total == 0


def test_shared_agents_must_see_and_do_the_same(make_fleet: MakePolicyFleet) -> None:
    words = r"Agent /root/Fake/Agent1 of Game 0 has the actions .*turn.*, but agent /root/Fake/Agent0 of Game 0 has"
    with pytest.raises(SpacesError, match=words):
        make_fleet(["continuous"], extra={"acts": "continuous,discrete"}, shared=True)


def test_games_with_other_policies_are_refused(make_game: MakeGame) -> None:
    def launch(instance: int, seed: int) -> StudioGodotEnv:
        names = "red,blue" if instance == 0 else "red,red"
        extra = {"wire": "studio", "policies": names}
        return make_game("continuous", instance=instance, seed=seed, connect=False, extra=extra)

    with pytest.raises(SpacesError, match="Game 1 has no agent of the policy blue"):
        PolicyFleet(launch, 2, seed=0)
