"""Says within seconds that a game does not answer, and why, as far as it can be seen from outside."""

from __future__ import annotations

import time
from collections.abc import Callable

from rl_studio_training.game_process import GameProcess
from rl_studio_training.process_state import Found, Glance, State, compare, glance

TELL_AFTER_S = 5.0
"""A game that has not answered for so long is worth a word."""

TELL_EVERY_S = 10.0
"""How often it is said again."""

_LOOK_FOR_S = 2.0
"""How long the process is watched before the first word."""


class StallWatch:
    """Watches one game while somebody waits for it.

    Args:
        name: what messages call the game.
        process: None if somebody else started it.
        on_status: called with a sentence.
        clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        name: str,
        process: GameProcess | None,
        on_status: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.has_connected = False
        """Set it when the game has said what agents it has: what was loading before is a stall from then on."""
        self._name = name
        self._process = process
        self._on_status = on_status
        self._clock = clock
        self._since: float | None = None
        self._before: Glance | None = None
        self._tell_at = 0.0
        self._has_told = False

    def look(self) -> None:
        """Call it several times a second while waiting."""
        if self._process is None and not self.has_connected:
            return  # somebody has to press Play
        now = self._clock()
        if self._since is None:
            self._since, self._tell_at = now, now + TELL_AFTER_S
        if self._before is None and self._process is not None and now >= self._tell_at - _LOOK_FOR_S:
            self._before = glance(self._process.pid)
        if now >= self._tell_at:
            self._tell(now - self._since)
            self._tell_at = now + TELL_EVERY_S
            self._before = None

    def heard(self) -> None:
        """The game has answered, or has said what it waits for."""
        if self._since is None:
            return
        if self._has_told:
            what = "goes on" if self.has_connected else "has connected"
            self._on_status(f"{self._name} {what} after {self._clock() - self._since:.0f} s.")
        self._since = self._before = None
        self._has_told = False

    def _tell(self, waited_s: float) -> None:
        what = "has not answered" if self.has_connected else "has not connected"
        self._on_status(f"{self._name} {what} for {waited_s:.0f} s{self._why()}.")
        self._has_told = True

    def _why(self) -> str:
        if self._process is None:
            return ": is it paused, or at a breakpoint in the editor?"
        after = glance(self._process.pid)
        found = compare(self._before or after, after)
        return f": {_words(found, self.has_connected)}"


def _words(found: Found, has_connected: bool) -> str:
    if not has_connected and found.state in (State.BUSY, State.RUNS):
        return "it computes (one core is fully busy); it may be loading"
    return str(found)
