"""When a game that died may start again: at once, then soon, then at most once a minute, and not for ever.

Once is chance, twice is a fault: a game that dies the same death at the same place again is not started again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_RESTARTS = 10
"""Restarts in one run, of all its games together."""

_GAPS_S = (0.0, 1.0, 5.0, 60.0)
"""Least time between one restart and the next: before the first, second, third and any later one."""


class RestartPolicy:
    """Counts the restarts of a run and says how long to wait before the next.

    Args:
        limit: restarts allowed.
        clock: seconds on a clock that never goes back.
    """

    def __init__(self, limit: int = MAX_RESTARTS, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.count = 0
        """Restarts so far, those that failed included."""
        self._clock = clock
        self._last = 0.0
        self._places: set[str] = set()

    @property
    def is_exhausted(self) -> bool:
        """Whether no further restart is allowed."""
        return self.count >= self.limit

    def is_second_time(self, place: str | None) -> bool:
        """Notes where a game died; returns whether one has died there before.

        Args:
            place: see `GameError.place`; None is nowhere, and never the same.
        """
        if place is None:
            return False
        was_there = place in self._places
        self._places.add(place)
        return was_there

    def delay_s(self) -> float:
        """Seconds to wait from now until the next restart may begin."""
        if not self.count:
            return 0.0
        gap = _GAPS_S[min(self.count, len(_GAPS_S) - 1)]
        return max(0.0, self._last + gap - self._clock())

    def begin(self) -> int:
        """Counts a restart that begins now; returns its number, from 1."""
        self._last = self._clock()
        self.count += 1
        return self.count
