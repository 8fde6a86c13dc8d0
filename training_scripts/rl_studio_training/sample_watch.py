"""Says what is odd in what agents see and get: numbers that never change or are huge, rewards that are always the same.

It looks at the observations that are kept for exports, a few now and then, so it costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import KeyedArrays
from rl_studio_training.episodes import KEPT, EpisodeWindow
from rl_studio_training.kept_observations import Kept

ENOUGH_ROWS = 1000
"""Observations of a policy that are looked at before anything is said of them."""
ENOUGH_EPISODES = 10
"""Episodes of it that must have ended meanwhile: what is constant in one may change in the next."""
REWARDLESS_EPISODES = 50
"""So many episodes without any reward are odd."""
SAME_EPISODES = 50
"""So many episodes that all earn the same are odd, if they are of SAME_DECISIONS in all."""
SAME_DECISIONS = 2000
"""So many decisions of a policy ought to have made some difference."""
ENDLESS = 2000
"""So many decisions of an agent without the end of an episode are odd."""
LARGE = 10.0
"""Numbers beyond this are large for a network."""

_ENDS = (
    "Call end_episode() in the game where the agent has won, lost or is done, and see that this comes to pass; or set "
    "max_episode_steps on the RLAgent, which cuts each episode off after so many decisions."
)
_ENDS_STOCK = (
    "Set done to true in the agent's AIController where it has won, lost or is done, and see that this comes to pass; "
    "or set its reset_after, and done wherever it asks for a reset."
)
_NAMED = 4
"""Numbers of an observation that a warning names."""


class SampleWatch:
    """Feed it with `add`, and call `check` between iterations. Each oddity is told once.

    Args:
        warn: called with a sentence.
        normalizes: the trainer scales observations itself, so large ones do no harm.
        is_stock: the game has the plugin of godot_rl_agents, and not our addon.
    """

    def __init__(
        self, warn: Callable[[str], object], *, normalizes: bool = False, is_stock: bool = False
    ) -> None:
        self._warn = warn
        self._ends = _ENDS_STOCK if is_stock else _ENDS
        self._normalizes = normalizes
        self._seen: dict[str, dict[str, _Numbers]] = {}
        self._told: set[tuple[str, ...]] = set()

    def add(self, policy: str, piece: Kept) -> None:
        """Takes in observations of a policy; they stay as they are."""
        seen = self._seen.setdefault(policy, {})
        for name, rows in _numbers(piece.rows):
            if name not in seen:
                seen[name] = _Numbers(rows[0])
            seen[name].add(rows)

    def check(self, windows: Mapping[str, EpisodeWindow], decisions: int) -> None:
        """Says what is odd so far.

        Args:
            windows: by policy, its episodes.
            decisions: that each agent has made, about.
        """
        for policy, window in windows.items():
            self._check_episodes(policy, window, decisions)
            for name, numbers in self._seen.get(policy, {}).items():
                if numbers.count >= ENOUGH_ROWS:
                    self._check_range(policy, name, numbers)
                    if window.total >= ENOUGH_EPISODES:
                        self._check_change(policy, name, numbers)

    def _check_episodes(self, policy: str, window: EpisodeWindow, decisions: int) -> None:
        if decisions >= ENDLESS and window.total == 0:
            self._tell_once(
                ("endless", policy),
                f"No episode of {policy} has ended in {decisions} decisions of each agent, so there is no reward to "
                f"show, nothing to evaluate, and nothing begins anew. {self._ends}",
            )
        self._check_sameness(policy, window)
        if window.total < REWARDLESS_EPISODES or ("reward", policy) in self._told:
            return
        self._told.add(("reward", policy))  # once some were rewarded, the game does reward
        last = window.summary()
        if last["reward_min"] == last["reward_max"] == 0.0:
            self._warn(
                f"The episodes of {policy} have no reward: it was 0 in each of the last {REWARDLESS_EPISODES} or more. "
                "Call add_reward() where something good or bad happens; without it nothing can be learned.",
            )

    def _check_sameness(self, policy: str, window: EpisodeWindow) -> None:
        topic = ("same", policy)
        if topic in self._told or window.total < SAME_EPISODES or window.decisions < SAME_DECISIONS:
            return
        self._told.add(topic)  # once some earned more than others, there is something to learn
        reward = window.same_reward
        if (
            not reward or window.last(KEPT).success_rate == 1.0
        ):  # a reward that is always 0 has a warning of its own
            return
        self._warn(
            f"Every episode of {policy} earns the same: the reward was {_short(reward)} in each of {window.total}, "
            f"over {window.decisions} decisions, so nothing tells good actions from bad ones. Reward progress on the "
            "way to the goal as well, such as each step that brings the agent nearer to it (documentation: Agents, "
            "Rewards)."
        )

    def _check_range(self, policy: str, name: str, numbers: _Numbers) -> None:
        large = np.flatnonzero(numbers.largest > LARGE)
        if self._normalizes or not large.size:
            return
        told = _told(large, lambda index: f"was {_short(numbers.extreme(index))}")
        self._tell_once(
            ("range", policy, name),
            f"The observation {name!r} of {policy} leaves -10 to 10: {told}. Divide by the largest value there can "
            "be, or set normalize_observations; large numbers make learning slow or unstable.",
        )

    def _check_change(self, policy: str, name: str, numbers: _Numbers) -> None:
        constant = np.flatnonzero(~numbers.has_changed)
        if ("change", policy, name) in self._told:
            return
        self._told.add(("change", policy, name))  # one that changes much later was rare, not forgotten
        if constant.size:
            told = _told(constant, lambda index: f"was always {_short(numbers.first[index])}")
            self._warn(
                f"The observation {name!r} of {policy} has numbers that never change: {told}, in {numbers.count} looks "
                f"at it and over {ENOUGH_EPISODES} episodes or more. See that the game writes them each time, or leave "
                "them out: nothing can be learned from them."
            )

    def _tell_once(self, topic: tuple[str, ...], message: str) -> None:
        if topic not in self._told:
            self._told.add(topic)
            self._warn(message)


class _Numbers:
    """What is known of an observation, number by number.

    Args:
        first: (width,), one of them.
    """

    def __init__(self, first: NDArray[np.float32]) -> None:
        self.count = 0
        self.first = first.copy()
        self.has_changed = np.zeros(first.shape, np.bool_)
        self._low = first.copy()
        self._high = first.copy()

    def add(self, rows: NDArray[np.float32]) -> None:
        """Takes in (n, width) of them."""
        self.count += len(rows)
        self._low = np.minimum(self._low, rows.min(axis=0))
        self._high = np.maximum(self._high, rows.max(axis=0))
        self.has_changed = self._low != self._high

    @property
    def largest(self) -> NDArray[np.float32]:
        """(width,), how far each was from 0."""
        return np.maximum(np.abs(self._low), np.abs(self._high))

    def extreme(self, index: int) -> float:
        """The value of one number that was farthest from 0."""
        low, high = float(self._low[index]), float(self._high[index])
        return low if -low > high else high


def _numbers(rows: KeyedArrays) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The observations that are plain numbers, as (n, width): no pictures, no choices."""
    for name, values in rows.items():
        if values.dtype.kind == "f" and len(values):
            yield name, values.reshape(len(values), -1)


def _told(indices: Sequence[int] | NDArray[np.intp], say: Callable[[int], str]) -> str:
    """ "number 3 was 812, number 5 was -40 and 2 more"; numbers count from 0, as in the game's array."""
    named = [f"number {int(index)} {say(int(index))}" for index in indices[:_NAMED]]
    more = len(indices) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _short(value: float) -> str:
    return f"{float(value):.4g}"
