"""Who sits in the rows of one game: what to call the agents in messages, and how many of them wait."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.connection import BadFrameError
from rl_studio_training.game_notes import CrewNote
from rl_studio_training.layout import PolicyGroup


class Seats:
    """Follows what a game tells about its agents.

    A note about newcomers comes before the answer that they are in. What that answer says about an end is still about
    those who sat there before.

    Args:
        groups: the rows of the game.
        paths: where each row's agent is in the scene; "" for a row without one.
    """

    def __init__(self, groups: Sequence[PolicyGroup], paths: Sequence[str]) -> None:
        self._groups = tuple(groups)
        self.paths = list(paths)
        """Of those that the last answer was about; "" where there was none."""
        self.waiting: dict[str, int] = {}
        """By policy_name, the agents for which there is no row."""
        self._born: dict[int, str] = {}
        has_agent = np.array([bool(path) for path in paths], np.bool_)
        self._present: NDArray[np.bool_] | None = None if has_agent.all() else has_agent

    def hear(self, note: CrewNote) -> None:
        """Takes in who comes with the next answer.

        Raises:
            BadFrameError: there is no such row.
        """
        for policy, row, path in note.born:
            self._born[self._number(policy, row)] = path
        self.waiting = {policy: count for policy, count in note.waiting.items() if count}

    def settle(self, present: NDArray[np.bool_] | None) -> None:
        """An answer was read and checked: from here on it is about those who are there now.

        Args:
            present: the rows that have an agent; None for all.
        """
        self._present = present
        if self._born:
            for row, path in self._born.items():
                self.paths[row] = path
            self._born.clear()

    def resize(self, groups: Sequence[PolicyGroup]) -> None:
        """Goes on with more rows or groups; everybody stays in their rows. As `BinaryFrames.resize`."""
        paths = ["" for group in groups for _ in range(group.count)]
        present = np.zeros(len(paths), np.bool_)
        for group, before in zip(groups, self._groups, strict=False):
            rows, old = group.agents[: before.count], before.agents
            present[rows] = True if self._present is None else self._present[old]
            for row, number in zip(rows.tolist(), old.tolist(), strict=True):
                paths[row] = self.paths[number]
        self._groups, self.paths = tuple(groups), paths
        self._present = None if present.all() else present

    @property
    def present(self) -> NDArray[np.bool_]:
        """bool (rows,): which rows have an agent."""
        return np.ones(len(self.paths), np.bool_) if self._present is None else self._present

    def agents(self, policy: str) -> int:
        """How many agents of a policy_name there are now."""
        return sum(
            group.count if self._present is None else int(np.count_nonzero(self._present[group.agents]))
            for group in self._groups
            if group.policy == policy
        )

    def name(self, row: int, *, newcomer: bool = False) -> str:
        """What to call the agent in a row.

        Args:
            newcomer: the one that the answer at hand sees there; else the one that acted there before.
        """
        path = self._born.get(row, self.paths[row]) if newcomer else self.paths[row]
        return path or self._place(row)

    def _place(self, row: int) -> str:
        for group in self._groups:
            if row in group.agents:
                return f"in row {group.agents.tolist().index(row)} of {group.policy!r}"
        raise IndexError(row)

    def _number(self, policy: str, row: int) -> int:
        for group in self._groups:
            if group.policy == policy and row < group.count:
                return int(group.agents[row])
        raise BadFrameError(f"a crew note about row {row} of {policy!r}, which the game does not have")
