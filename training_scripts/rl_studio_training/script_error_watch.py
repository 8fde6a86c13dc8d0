"""Tells of errors in the scripts of games that go on: of each kind when it is new, and later how often it came."""

from __future__ import annotations

import time
from collections.abc import Callable

from rl_studio.godot import ErrorCounts, PrintedError
from rl_studio.words import counted

PAUSE_S = 10.0
"""How long repetitions of an error are gathered before they are told."""


class ScriptErrorWatch:
    """Of all games of a run.

    Args:
        warn: called with a sentence and how often it is to be counted.
        clock: seconds on a clock that never goes back.
    """

    def __init__(
        self, warn: Callable[[str, int], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._warn = warn
        self._clock = clock
        self._counts = ErrorCounts()
        self._told: set[PrintedError] = set()
        self._next = 0.0
        self._total = 0

    def add(self, found: ErrorCounts) -> None:
        """Takes in what games have printed since the last time."""
        for error, count in found:
            self._counts.add(error, count)
        self._total += found.total
        has_new = any(error not in self._told for error, _ in self._counts)
        if has_new or self._clock() >= self._next:
            self.flush()

    def flush(self) -> None:
        """Tells what was not told yet."""
        self._next = self._clock() + PAUSE_S
        for error, count in self._counts.take():
            self._told.add(error)
            self._warn(error.warning(), count)

    def summary(self) -> str:
        """A sentence for the end of a run; "" if there were no errors."""
        if not self._total:
            return ""
        kinds = f", {len(self._told)} different ones" if len(self._told) > 1 else ""
        there = "There was" if self._total == 1 else "There were"
        return f"{there} {counted(self._total, 'error')} in the game's scripts{kinds}: see the warnings."
