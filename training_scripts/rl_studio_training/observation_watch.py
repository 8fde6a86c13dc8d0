"""Picks observations out of what a fleet's games answer, a few now and then, at next to no cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import KeyedArrays
from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.kept_observations import Kept
from rl_studio_training.spaces import ObservationCodec

SEQUENCE_LENGTH = 64
"""Decisions of an episode that are picked of one agent, from its beginning."""

_ROWS = 4
"""Agents that are picked, or followed, at once."""
_EAGER = 256
"""Answers at the beginning of a run of which each is picked from; after that it is one of `_EVERY`."""
_EVERY = 16
_EAGER_SEQUENCES = 64
"""So many sequences follow each other without a pause; after that `_PAUSE` answers lie between them."""
_PAUSE = 256

Take = Callable[[Kept], object]


class RowWatch:
    """Picks single observations, as suits policies without memory.

    Args:
        codec: of the policy's observations.
        take: called with what was picked.
        seed: of the choice of agents.
    """

    def __init__(self, codec: ObservationCodec, take: Take, seed: int) -> None:
        self._codec = codec
        self._take = take
        self._random = np.random.default_rng(seed)
        self._answers = 0

    def begin(self, batch: FleetBatch, section_rows: slice) -> None:
        """All agents were reset; `section_rows` are those of section 0."""

    def drop(self) -> None:
        """The rows are others from here on."""

    def see(self, _section: int, batch: FleetBatch) -> None:
        """The games of a section have answered."""
        self._answers += 1
        if self._answers > _EAGER and self._answers % _EVERY:
            return
        if batch.present is None:
            rows = self._random.integers(0, len(batch.rewards), _ROWS)
        else:
            there = np.flatnonzero(batch.present)
            if not len(there):
                return
            rows = there[self._random.integers(0, len(there), _ROWS)]
        self._take(Kept(_pick(self._codec, batch, rows), np.ones(len(rows), bool)))


class SequenceWatch:
    """Follows some agents from the beginning of their episodes, as policies with a memory are tried.

    Args:
        codec, take, seed: as for `RowWatch`.
    """

    def __init__(self, codec: ObservationCodec, take: Take, seed: int) -> None:
        self._codec = codec
        self._take = take
        self._random = np.random.default_rng(seed)
        self._section: int | None = None
        self._rows: NDArray[np.int64] = np.empty(0, np.int64)
        self._lengths: NDArray[np.int64] = self._rows
        self._steps: list[KeyedArrays] = []
        self._taken = 0
        self._idle = 0

    def begin(self, batch: FleetBatch, section_rows: slice) -> None:
        """As `RowWatch.begin`; what was followed is dropped."""
        self.drop()
        rows = np.arange(section_rows.start, section_rows.stop)
        self._follow(0, rows if batch.present is None else rows[batch.present[section_rows]], batch)

    def drop(self) -> None:
        """As `RowWatch.drop`; what was followed is dropped."""
        self._section, self._steps, self._idle = None, [], 0

    def see(self, section: int, batch: FleetBatch) -> None:
        """As `RowWatch.see`."""
        if self._section is None:
            self._idle += 1
            if self._taken < _EAGER_SEQUENCES or self._idle > _PAUSE:
                self._follow(section, np.flatnonzero(batch.begins), batch)
        elif section == self._section:
            self._go_on(batch)

    def _follow(self, section: int, beginning: NDArray[np.int64], batch: FleetBatch) -> None:
        if not len(beginning):
            return
        self._section = section
        self._rows = self._random.permutation(beginning)[:_ROWS]
        self._lengths = np.full(len(self._rows), SEQUENCE_LENGTH)
        self._steps = [_pick(self._codec, batch, self._rows)]

    def _go_on(self, batch: FleetBatch) -> None:
        now = len(self._steps)
        self._lengths[batch.ended[self._rows] & (self._lengths > now)] = now
        if now == self._lengths.max():
            self._finish()
        else:
            self._steps.append(_pick(self._codec, batch, self._rows))

    def _finish(self) -> None:
        for number, length in enumerate(self._lengths.tolist()):
            rows = {
                name: np.stack([step[name][number] for step in self._steps[:length]])
                for name in self._steps[0]
            }
            self._take(Kept(rows, np.arange(length) == 0))
        self._taken += len(self._lengths)
        self.drop()


def _pick(codec: ObservationCodec, batch: FleetBatch, rows: NDArray[np.int64]) -> KeyedArrays:
    """Copies of some rows."""
    seen = batch.observations
    if isinstance(seen, dict):
        return {name: values[rows] for name, values in seen.items()}
    assert codec.single_key is not None
    return {codec.single_key: seen[rows]}
