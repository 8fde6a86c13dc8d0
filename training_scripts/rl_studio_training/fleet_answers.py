"""From what single games answer to batches of all rows of a policy: who is there, what was seen last, episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.episodes import Episode
from rl_studio_training.fleet_batch import FleetBatch, cut_off, join, of_known
from rl_studio_training.fleet_episodes import FleetEpisodes
from rl_studio_training.fleet_growth import carry_seen
from rl_studio_training.fleet_layout import FleetLayout, row_map


class FleetAnswers:
    """Follows the rows of a fleet from answer to answer.

    Args:
        layout: whose rows are whose.
        present: by policy, bool (rows,): the rows that have an agent at the start.
        on_episode: called with a policy and each of its episodes that ended.
    """

    def __init__(
        self,
        layout: FleetLayout,
        present: Sequence[NDArray[np.bool_]],
        on_episode: Callable[[str, Episode], object],
    ) -> None:
        self._layout = layout
        self.present = list(present)
        """By policy, bool (rows,): the rows that have an agent, as the last answer of each game told."""
        rows = {group.policy: len(group.rows) for group in layout.groups}
        self.episodes = FleetEpisodes(rows, on_episode)
        self._last_seen: dict[int, list[KeyedArrays]] = {}
        self._grown: set[int] = set()
        """Games of which there was no answer yet since there are more rows."""

    def first(self, answers: Mapping[int, Batch]) -> list[FleetBatch]:
        """By policy, what all games answered to a reset.

        Args:
            answers: by game.
        """
        self.episodes.restart()
        self._last_seen.clear()
        self._grown.clear()
        parts = {number: self._layout.split(number, answer) for number, answer in answers.items()}
        batches = self._join(sorted(answers), parts, is_reset=True)
        for policy, batch in enumerate(batches):
            self._see(policy, slice(None), batch)
        return batches

    def step(
        self,
        section: int,
        numbers: Sequence[int],
        parts: Mapping[int, Sequence[Batch]],
        reborn: Mapping[int, Batch],
    ) -> list[FleetBatch]:
        """By policy, what the games of a section answered to actions.

        Args:
            numbers: of these games, ascending.
            parts: by game and policy, what those said that have answered.
            reborn: by game, what those see first that died and were started again.
        """
        if self._grown:
            parts = {number: self._of_known(number, part) for number, part in parts.items()}
            self._grown.difference_update(numbers)
        told = parts
        if reborn:
            told = {**parts, **{number: self._cut_off(number, first) for number, first in reborn.items()}}
        batches = self._join(numbers, told)
        for policy, batch in enumerate(batches):
            rows, own = self._layout.section_rows[policy][section], self._layout.rows[policy]
            self._see(policy, rows, batch)
            self.episodes.add(policy, batch, rows)
            for number in reborn:
                self.episodes.forget(policy, own[number])
            if batch.terminal_observations is not None:
                for number in sorted(parts):
                    self.episodes.finish(policy, batch, rows, own[number], parts[number][policy])
        return batches

    def carry(self, layout: FleetLayout) -> list[NDArray[np.int64]]:
        """Goes on with more rows.

        Returns:
            By policy int64 (rows,): the former number of each row, -1 for a new one.
        """
        before, self._layout = self._layout, layout
        maps = [row_map(before, layout, policy) for policy in range(len(layout.groups))]
        self.episodes.carry(maps)
        self.present = [(rows >= 0) & present[rows] for present, rows in zip(self.present, maps, strict=True)]
        self._grown.update(range(len(layout.shares)))
        for number, seen in self._last_seen.items():
            self._last_seen[number] = carry_seen(before, layout, number, seen, maps)
        return maps

    def _see(self, policy: int, rows: slice, batch: FleetBatch) -> None:
        self.present[policy][rows] = True if batch.present is None else batch.present

    def _of_known(self, number: int, parts: Sequence[Batch]) -> Sequence[Batch]:
        """Agents that the game had more of than the fleet had rows are no samples until they have been seen."""
        if number not in self._grown:
            return parts
        rows = [own[number] for own in self._layout.rows]
        return [
            of_known(part, present[own].copy())
            for part, present, own in zip(parts, self.present, rows, strict=True)
        ]

    def _cut_off(self, number: int, first: Batch) -> list[Batch]:
        """By policy, what is told of a game that died."""
        parts = self._layout.split(number, first)
        seen: Sequence[KeyedArrays | None] = self._last_seen.get(number) or [None] * len(parts)
        acted = [
            present[rows[number]].copy()
            for present, rows in zip(self.present, self._layout.rows, strict=True)
        ]
        return [cut_off(*one) for one in zip(parts, seen, acted, strict=True)]

    def _join(
        self, numbers: Sequence[int], parts: Mapping[int, Sequence[Batch]], *, is_reset: bool = False
    ) -> list[FleetBatch]:
        seen = [self._last_seen.get(number) for number in numbers]
        batches = [
            join(
                [parts[number][policy] for number in numbers],
                [None if last is None else last[policy] for last in seen],
                group.observations,
                is_reset=is_reset,
            )
            for policy, group in enumerate(self._layout.groups)
        ]
        for number in numbers:
            self._last_seen[number] = [part.groups[0].observations for part in parts[number]]
        return batches
