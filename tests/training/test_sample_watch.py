"""rl_studio_training.sample_watch: each oddity is told once, with what to do; what is in order is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_studio_training.episodes import Episode, EpisodeWindow
from rl_studio_training.kept_observations import Kept
from rl_studio_training.sample_watch import (
    ENDLESS,
    ENOUGH_EPISODES,
    ENOUGH_ROWS,
    REWARDLESS_EPISODES,
    SAME_DECISIONS,
    SAME_EPISODES,
    SampleWatch,
)

RANDOM = np.random.default_rng(0)


class Watched:
    """A watch, what it said, and the episodes of one policy."""

    def __init__(self, **options: Any) -> None:
        self.told: list[str] = []
        self.watch = SampleWatch(self.told.append, **options)
        self.window = EpisodeWindow()

    def see(self, rows: int = ENOUGH_ROWS, **observations: Any) -> None:
        """So many looks at observations that are all alike or, with a function, what it makes of (n, 3) noise."""
        for _ in range(rows // 4):
            noise = RANDOM.uniform(-1.0, 1.0, (4, 3)).astype(np.float32)
            made = {name: make(noise) for name, make in observations.items()}
            self.watch.add("cat", Kept(made, np.ones(4, bool)))

    def play(self, episodes: int, reward: float = 1.0, length: int = 5, success: bool | None = None) -> None:
        for _ in range(episodes):
            self.window.add(Episode(reward, length, success))

    def check(self, decisions: int = 100) -> list[str]:
        self.watch.check({"cat": self.window}, decisions)
        return self.told


def with_constant(noise: Any) -> Any:
    noise[:, 1] = 0.25
    return noise


def test_what_is_in_order_is_not_told() -> None:
    watched = Watched()
    watched.see(obs=lambda noise: noise * 9.0)
    watched.play(100)
    assert watched.check(10 * ENDLESS) == []


def test_a_number_that_never_changes_is_named_with_its_value() -> None:
    watched = Watched()
    watched.see(obs=with_constant)
    watched.play(ENOUGH_EPISODES)
    (warning,) = watched.check()
    assert "'obs' of cat" in warning
    assert "number 1 was always 0.25, in 1000 looks" in warning
    assert watched.check() == [warning]


def test_it_takes_enough_looks_and_episodes_to_say_that() -> None:
    watched = Watched()
    watched.see(obs=with_constant, rows=ENOUGH_ROWS - 4)
    watched.play(ENOUGH_EPISODES)
    assert watched.check() == []
    early = Watched()
    early.see(obs=with_constant)
    early.play(ENOUGH_EPISODES - 1)  # what is constant in one episode may change in the next
    assert early.check() == []
    early.see(obs=lambda noise: noise, rows=4)
    early.play(1)
    assert early.check() == []


def test_many_numbers_are_told_together() -> None:
    watched = Watched()
    watched.see(obs=lambda _noise: np.zeros((4, 6), np.float32))
    watched.play(ENOUGH_EPISODES)
    (warning,) = watched.check()
    assert "number 0 was always 0, number 1 was always 0" in warning
    assert "and 2 more" in warning


def test_large_numbers_are_named_with_the_largest() -> None:
    watched = Watched()
    watched.see(obs=lambda noise: noise + np.array([0.0, 0.0, -800.0], np.float32))
    (warning,) = watched.check()
    assert "leaves -10 to 10: number 2 was -80" in warning
    assert "normalize_observations" in warning


def test_a_trainer_that_scales_observations_does_not_mind_large_ones() -> None:
    watched = Watched(normalizes=True)
    watched.see(obs=lambda noise: noise * 1000.0)
    assert watched.check() == []


def test_pictures_and_choices_are_left_alone() -> None:
    watched = Watched()
    watched.see(
        camera=lambda _noise: np.full((4, 3, 8, 8), 200, np.uint8),
        lamp=lambda _noise: np.full(4, 3, np.int64),
    )
    watched.play(ENOUGH_EPISODES)
    assert watched.check() == []


@pytest.mark.parametrize(("last", "count"), [(0.0, 1), (0.5, 0)])
def test_episodes_without_any_reward_are_told(last: float, count: int) -> None:
    watched = Watched()
    watched.play(REWARDLESS_EPISODES - 1, reward=0.0)
    assert watched.check() == []
    watched.play(1, reward=last)
    assert len(watched.check()) == count
    assert all("add_reward()" in warning for warning in watched.told)


def test_episodes_that_all_earn_the_same_are_told_once() -> None:
    watched = Watched()
    each = SAME_DECISIONS // SAME_EPISODES
    watched.play(SAME_EPISODES - 1, reward=-1.0, length=each, success=False)
    assert watched.check() == []
    watched.play(1, reward=-1.0, length=each)
    (warning,) = watched.check()
    assert (
        "Every episode of cat earns the same: the reward was -1 in each of 50, over 2000 decisions" in warning
    )
    assert "Reward progress" in warning
    assert watched.check() == [warning]


def test_many_short_episodes_that_earn_the_same_are_told_after_enough_decisions() -> None:
    watched = Watched()
    watched.play(181, reward=-1.0, length=11)
    assert watched.check() == []
    watched.play(1, reward=-1.0, length=11)
    assert len(watched.check()) == 1


@pytest.mark.parametrize(("last", "success"), [(-0.5, False), (-1.0, True)])
def test_episodes_that_differ_or_all_succeed_may_earn_what_they_do(last: float, success: bool) -> None:
    watched = Watched()
    watched.play(SAME_EPISODES - 1, reward=-1.0, length=100, success=success)
    watched.play(1, reward=last, length=100, success=success)
    assert watched.check() == []
    watched.play(SAME_EPISODES, reward=last, length=100, success=success)
    assert watched.check() == []


def test_agents_whose_episodes_never_end_are_told() -> None:
    watched = Watched()
    assert watched.check(ENDLESS - 1) == []
    (warning,) = watched.check(ENDLESS)
    assert f"No episode of cat has ended in {ENDLESS} decisions of each agent" in warning
    assert "end_episode()" in warning and "max_episode_steps" in warning
    assert watched.check(2 * ENDLESS) == [warning]


def test_games_with_the_stock_plugin_are_told_its_own_names() -> None:
    (warning,) = Watched(is_stock=True).check(ENDLESS)
    assert "AIController" in warning and "reset_after" in warning and "RLAgent" not in warning
