"""Statistics of finished episodes: what a learning curve is made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 100
"""Episodes that means, minima and maxima are taken over."""

KEPT = 10_000
"""Episodes that are remembered for conditions over more of them."""

_ROUNDING = 1e-6
"""Sums of the same rewards differ by so much, relative to them, at most."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One finished episode of one agent.

    Args:
        reward: the sum of its rewards.
        length: its agent steps.
        success: what the game logged as is_success; None if it logged nothing. Such an episode is none once another
            of the same policy has logged it: most games only say so when somebody succeeds.
        metrics: what the game logged with log_metric.
    """

    reward: float
    length: int
    success: bool | None = None
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpisodeMeans:
    """Means over some episodes; None without data.

    Args:
        count: how many episodes.
        success_rate: None as long as no episode of the run has said whether it was a success.
    """

    count: int
    reward_mean: float | None
    success_rate: float | None


class EpisodeWindow:
    """The last finished episodes of one policy.

    Args:
        size: how many of them count in what is reported.
    """

    def __init__(self, size: int = WINDOW) -> None:
        self.total = 0
        self._knows_success = False
        self._size = size
        self._episodes: deque[Episode] = deque(maxlen=max(size, KEPT))

    def add(self, episode: Episode) -> None:
        self.total += 1
        self._knows_success |= episode.success is not None
        self._episodes.append(episode)

    @property
    def reward_mean(self) -> float | None:
        return self.last(self._size).reward_mean

    @property
    def success_rate(self) -> float | None:
        return self.last(self._size).success_rate

    @property
    def decisions(self) -> int:
        """Those of all episodes that are remembered."""
        return sum(episode.length for episode in self._episodes)

    @property
    def same_reward(self) -> float | None:
        """What each remembered episode earned, if all earned the same; else None."""
        rewards = [episode.reward for episode in self._episodes]
        if not rewards or max(rewards) - min(rewards) > _ROUNDING * max(1.0, abs(rewards[0])):
            return None
        return rewards[-1]

    def last(self, count: int) -> EpisodeMeans:
        """Means over the last `count` episodes (at most KEPT), or as many as there are."""
        episodes = self._last(count)
        return EpisodeMeans(
            len(episodes),
            _mean([episode.reward for episode in episodes]),
            _mean([float(bool(episode.success)) for episode in episodes]) if self._knows_success else None,
        )

    def summary(self) -> dict[str, Any]:
        """reward_mean, _min and _max, episode_len_mean and success_rate (None without data), and episodes."""
        episodes = self._last(self._size)
        rewards = [episode.reward for episode in episodes]
        return {
            "reward_mean": _mean(rewards),
            "reward_min": min(rewards, default=None),
            "reward_max": max(rewards, default=None),
            "episode_len_mean": _mean([float(episode.length) for episode in episodes]),
            "episodes": self.total,
            "success_rate": self.success_rate,
        }

    def custom_metrics(self) -> dict[str, float | None]:
        """The mean of each metric over the episodes in the window that have it."""
        values: dict[str, list[float]] = {}
        for episode in self._last(self._size):
            for name, value in episode.metrics.items():
                values.setdefault(name, []).append(value)
        return {name: _mean(found) for name, found in sorted(values.items())}

    def state(self, count: int = WINDOW) -> dict[str, Any]:
        """The total and the last `count` episodes as JSON data, for `restore`."""
        return {
            "total": self.total,
            "knows_success": self._knows_success,
            "episodes": [[e.reward, e.length, e.success, e.metrics] for e in self._last(count)],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state` of another window."""
        self.total = int(state["total"])
        self._episodes.clear()
        self._episodes.extend(Episode(*values) for values in state["episodes"])
        known = any(episode.success is not None for episode in self._episodes)
        self._knows_success = bool(state.get("knows_success")) or known

    def _last(self, count: int) -> list[Episode]:
        latest = list(islice(reversed(self._episodes), count))
        latest.reverse()
        return latest


class RunningEpisodes:
    """Rewards and lengths so far of the episodes under way, one a row; zero in rows without an agent.

    Args:
        rows: how many.
    """

    def __init__(self, rows: int) -> None:
        self._rewards = np.zeros(rows)
        self._lengths = np.zeros(rows, dtype=np.int64)

    def restart(self, rows: slice) -> None:
        """Forgets the episodes of these rows; new ones begin."""
        self._rewards[rows] = 0.0
        self._lengths[rows] = 0

    def add(self, rows: slice, rewards: NDArray[np.float32], acted: NDArray[np.bool_] | None = None) -> None:
        """Counts one step of each of these rows.

        Args:
            rewards: of these rows; 0 in those that did not act.
            acted: which of them did; None for all.
        """
        sums, lengths = self._rewards[rows], self._lengths[rows]
        np.add(sums, rewards, out=sums)
        np.add(lengths, 1 if acted is None else acted, out=lengths)

    def carry(self, rows: NDArray[np.int64]) -> None:
        """Other rows from here on: `rows` is the former number of each, -1 for a new one."""
        is_new = rows < 0
        self._rewards = np.where(is_new, 0.0, self._rewards[rows])
        self._lengths = np.where(is_new, 0, self._lengths[rows])

    def finish(self, row: int) -> tuple[float, int]:
        """Reward and length of an episode that ended; a new one begins."""
        outcome = float(self._rewards[row]), int(self._lengths[row])
        self.restart(slice(row, row + 1))
        return outcome


def with_outcome(episodes: Sequence[Episode]) -> list[Episode]:
    """The episodes of one policy, all of them with a success or none if one of them has said which it was."""
    if all(episode.success is None for episode in episodes):
        return list(episodes)
    return [replace(episode, success=bool(episode.success)) for episode in episodes]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def read_metrics(info: dict[str, Any]) -> dict[str, float]:
    """The numbers among the `metrics` of a game's info, without is_success, which has its own place."""
    metrics = info.get("metrics")
    if not isinstance(metrics, dict):
        return {}
    return {
        str(name): float(value)
        for name, value in metrics.items()
        if name != "is_success" and isinstance(value, int | float)
    }


def read_success(info: dict[str, Any]) -> bool | None:
    """The `is_success` of a game's info, None if there is none."""
    value = info.get("is_success")
    return None if value is None else bool(value)
