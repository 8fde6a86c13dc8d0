"""Whole episodes played for an evaluation: which of them count, when it is over, and what has no end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rl_studio_training import policy_player
from rl_studio_training.episodes import Episode
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.policy_player import Limits, play_episodes
from training.changing_game import length_of
from training.conftest import MakeCrews
from training.witness import lives


class Counting:
    """A player that stands still; its state is how many decisions it has made in each episode, which agents see."""

    def act(
        self,
        observations: Any,
        state: NDArray[Any] | None = None,
        *,
        explore: bool = False,
        masks: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        count = np.zeros(len(observations)) if state is None else state
        there = observations[:, 2] > 0
        assert (count == observations[:, 1])[there].all(), "the memory of an episode is as old as the episode"
        return np.zeros((len(observations), 2), np.float32), count + 1

    def forget(self, state: NDArray[Any], rows: NDArray[np.bool_]) -> NDArray[Any]:
        return np.where(rows, 0, state)


def play(fleet: PolicyFleet, count: int) -> dict[str, list[Episode]]:
    return play_episodes(fleet, {group.policy: Counting() for group in fleet.groups}, count, seed=3)


@pytest.mark.parametrize("wire", ["studio", "binary1", "binary"])
def test_in_a_fixed_crew_all_agents_play_equally_many(make_crews: MakeCrews, wire: str) -> None:
    fleet = make_crews(PolicyFleet, 2, crew="red,blue,red", wire=wire)
    played = play(fleet, 10)
    # Numbers 1 and 3 are red, 2 is blue; in the second game 101 and 103, and 102. They get their number in each step.
    expected = {
        "red": [Episode(number * length_of(number), length_of(number), False) for number in (1, 3, 101, 103)],
        "blue": [Episode(number * length_of(number), length_of(number), True) for number in (2, 102)],
    }
    assert played == {
        "red": [episode for episode in expected["red"] for _ in range(3)],
        "blue": [episode for episode in expected["blue"] for _ in range(5)],
    }


def test_where_agents_come_and_go_enough_are_played_and_each_of_them_whole(
    make_crews: MakeCrews, tmp_path: Path
) -> None:
    fleet = make_crews(PolicyFleet, 2, crew="red,blue,red", unrest="0.3", rows="red:3,blue:2")
    played = play(fleet, 40)
    assert all(len(episodes) >= 40 for episodes in played.values())
    told = Counter((life["policy"], life["reward"], life["length"]) for life in lives(tmp_path))
    counted = Counter((policy, e.reward, e.length) for policy, own in played.items() for e in own)
    assert counted <= told, "none is made up, or counted twice"


def test_agents_that_wait_get_rows_before_the_next_round(make_crews: MakeCrews) -> None:
    fleet = make_crews(PolicyFleet, 1, crew="red,red", unrest="0.5", most="6")
    play(fleet, 20)
    assert fleet.wants_rows
    play(fleet, 20)
    assert len(fleet.groups[0].rows) > 2


def test_an_episode_without_an_end_is_cut_and_told_once(
    make_crews: MakeCrews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_player, "LONGEST_EPISODE", 6)
    warnings: list[str] = []
    # Number 4 plays 7 steps, the others 4, 5 and 6.
    fleet = make_crews(PolicyFleet, crew="red,red,red,red", options={"on_warning": warnings.append})
    played = play(fleet, 8)["red"]
    assert [e.length for e in played] == [4, 4, 5, 5, 6, 6, 6, 6]
    assert [e.reward for e in played] == [4.0, 4.0, 10.0, 10.0, 18.0, 18.0, 24.0, 24.0]
    assert [e.success for e in played] == [False, False, True, True, False, False, None, None]
    play(fleet, 8)
    (warning,) = [text for text in warnings if "cores" not in text]
    assert "agent /root/Crew/red4 of Game 0 was cut after 6 decisions. Set max_episode_steps" in warning


def test_it_ends_where_no_episode_does(make_crews: MakeCrews, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_player, "LONGEST_EPISODE", 2)
    played = play(make_crews(PolicyFleet, crew="red,red"), 10)["red"]
    assert [(e.reward, e.length) for e in played] == [(2.0, 2), (4.0, 2)]


def test_it_ends_where_nobody_comes(make_crews: MakeCrews, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_player, "LONGEST_EPISODE", 30)
    warnings: list[str] = []
    fleet = make_crews(
        PolicyFleet, crew="red,blue", lonely="1", rows="red:1,blue:1", options={"on_warning": warnings.append}
    )
    played = play(fleet, 3)
    assert len(played["red"]) >= 3
    assert len(played["blue"]) == 1  # it left in the first step
    assert (
        "There was no agent of the policy blue for 30 decisions: only 1 of 3 episodes were played."
        in warnings
    )


def test_what_is_played_when_the_time_is_over_counts(make_crews: MakeCrews) -> None:
    """A second passes with each step. Number 1 plays 4 steps, number 2 plays 5."""
    now = [0.0]
    told: list[tuple[dict[str, int], float]] = []
    warnings: list[str] = []

    def tick() -> None:
        now[0] += 1.0

    fleet = make_crews(PolicyFleet, crew="red,red,blue", options={"on_warning": warnings.append})
    played = play_episodes(
        fleet,
        {group.policy: Counting() for group in fleet.groups},
        100,
        seed=3,
        on_step=tick,
        limits=Limits(seconds=5.0),
        on_progress=lambda counts, seconds: told.append((counts, seconds)),
        clock=lambda: now[0],
    )
    # After four steps: number 1 has ended one; 2 and 3, of 5 and 6 steps, are in their first ones, which count.
    assert [e.length for e in played["red"]] == [4, 4]
    assert [e.length for e in played["blue"]] == [4]
    assert told[0] == ({"red": 0, "blue": 0}, 1.0) and len(told) > 1
    (red,) = [text for text in warnings if "What counts of red" in text]
    assert "ended after 5 s" in red and "1 of 100 episodes, and 1 episode that went on" in red
    assert "eval_time_limit_s" in red


def test_longer_episodes_are_cut_where_they_are_told_to_be(make_crews: MakeCrews) -> None:
    fleet = make_crews(PolicyFleet, crew="red,red")
    players = {group.policy: Counting() for group in fleet.groups}
    played = play_episodes(fleet, players, 2, seed=3, limits=Limits(decisions=3))["red"]
    assert [e.length for e in played] == [3, 3]
