"""A fragment of time as the rows of one policy lived through it, and where the episodes of their agents lie in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tree
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns

from rl_studio_training.fleet_batch import FleetBatch

Rows = slice | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """What an agent did of one episode within a fragment: the steps `start` to `stop` of a row.

    Args:
        terminated, truncated: whether and how the last step ended the episode.
    """

    row: int
    start: int
    stop: int
    terminated: bool
    truncated: bool


class Fragment:
    """What some rows saw and did, step by step. A row without an agent has nothing in that step.

    Args:
        rows: their number.
        steps: how many there may be; there is more room when it is needed.
    """

    def __init__(self, rows: int, steps: int) -> None:
        self._rows = rows
        self._room = steps
        self._columns: dict[str, Any] = {}
        """(rows, room, …); observations have room for what is seen in the end."""
        self._acted = np.ones((rows, steps), np.bool_)
        self._rewards = np.zeros((rows, steps), np.float32)
        self._terminated = np.zeros((rows, steps), np.bool_)
        self._truncated = np.zeros((rows, steps), np.bool_)
        self._last: dict[tuple[int, int], Any] = {}
        """(row, step) → the last observation of an episode that ended there."""

    @property
    def columns(self) -> list[str]:
        """What has been put in, by RLlib's names."""
        return list(self._columns)

    def put(self, column: str, rows: Rows, step: int, values: Any) -> None:
        """Notes arrays (rows, …), or dictionaries of such, of agents who act in `step`."""
        if column not in self._columns:
            length = self._room + (column == Columns.OBS)
            self._columns[column] = tree.map_structure(
                lambda array: np.empty((self._rows, length, *array.shape[1:]), array.dtype), values
            )
        target = self._columns[column]
        if isinstance(values, dict):
            for name, array in values.items():
                target[name][rows, step] = array
        else:
            target[rows, step] = values

    def answer(self, section: slice, step: int, batch: FleetBatch) -> None:
        """Notes what came of the actions of a section."""
        if batch.acted is not None:
            self._acted[section, step] = batch.acted
        self._rewards[section, step] = batch.rewards
        self._terminated[section, step] = batch.terminated
        self._truncated[section, step] = batch.truncated
        if batch.terminal_observations is not None:
            for number, row in enumerate(np.flatnonzero(batch.ended).tolist()):
                self._last[section.start + row, step] = take(batch.terminal_observations, number)

    def reach(self, step: int) -> None:
        """Makes room for `step`. That takes something only where a crew shrinks in the middle of a fragment."""
        if step < self._room:
            return
        more, self._room = self._room, 2 * self._room

        def wider(array: NDArray[Any], value: float = 0.0) -> NDArray[Any]:
            added = np.full((len(array), more, *array.shape[2:]), value, array.dtype)
            return np.concatenate([array, added], axis=1)

        self._columns = tree.map_structure(wider, self._columns)
        self._acted = wider(self._acted, True)
        self._rewards = wider(self._rewards)
        self._terminated, self._truncated = wider(self._terminated), wider(self._truncated)

    # --- cutting

    def parts(self, steps: int) -> Iterator[Part]:
        """The parts of the first `steps` steps, row by row.

        An agent stays until its episode ends, so that steps which no end separates are those of one agent.
        """
        acted = self._acted[:, :steps]
        ended = (self._terminated | self._truncated)[:, :steps]
        begins = acted.copy()
        begins[:, 1:] &= ended[:, :-1] | ~acted[:, :-1]
        stops = ended.copy()
        stops[:, -1] |= acted[:, -1]
        firsts, lasts = np.argwhere(begins).tolist(), np.argwhere(stops).tolist()
        assert len(firsts) == len(lasts), "an agent is gone whose episode has not ended"
        for (row, start), (_, last) in zip(firsts, lasts, strict=True):
            how = bool(self._terminated[row, last]), bool(self._truncated[row, last])
            yield Part(row, start, last + 1, *how)

    def observations(self, part: Part) -> Any:
        """What the agent saw: one more than there are steps, the last of which is real also where its episode ended."""
        seen = take(self._columns[Columns.OBS], (part.row, slice(part.start, part.stop + 1)))
        last = self._last.get((part.row, part.stop - 1))
        return seen if last is None else tree.map_structure(_with_last, seen, last)

    def rewards(self, part: Part) -> NDArray[np.float32]:
        """float32 (steps,)."""
        return self._rewards[part.row, part.start : part.stop]

    def values(self, column: str, part: Part) -> Any:
        """A column, (steps, …), or a dictionary of such."""
        return take(self._columns[column], (part.row, slice(part.start, part.stop)))


def _with_last(observations: NDArray[Any], last: NDArray[Any]) -> NDArray[Any]:
    changed = observations.copy()
    changed[-1] = last
    return changed


def take(values: Any, index: Any) -> Any:
    """Some rows of arrays, or of dictionaries of such."""
    if isinstance(values, dict):
        return {name: array[index] for name, array in values.items()}
    return values[index]
