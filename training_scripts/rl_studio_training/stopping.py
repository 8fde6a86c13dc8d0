"""Turns SIGINT and SIGTERM into a wish to stop that the training loop honours at its next step."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from rl_studio_training.errors import Interrupted

PATIENCE_S = 2.0
"""How long a stop waits for a game in the middle of a step before it goes without that step."""


class StopSwitch:
    """Watches for signals. Make one early; call `begin` when training starts.

    At first (imports, reading files) a signal raises Interrupted wherever the program is: there is nothing to lose.
    After `defer` it only sets `requested`, and `check` raises; after `begin` training is left to end by itself,
    unless a game blocks it. A second SIGINT calls `on_force` and ends the process.

    Args:
        on_force: kills what must not be left behind; called in the signal handler.
    """

    def __init__(self, on_force: Callable[[], None]) -> None:
        self.requested = False
        self._on_force = on_force
        self._requested_at = 0.0
        self._immediate = True
        self._training = False
        self._began = 0.0

    def install(self) -> None:
        """Takes over SIGINT and SIGTERM (on Windows also Ctrl+Break, which a supervisor sends)."""
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle)

    def defer(self) -> None:
        """From here on a signal no longer interrupts just anywhere: call `check` now and then."""
        self._immediate = False
        self.check()

    def begin(self) -> None:
        """Training begins now."""
        self._immediate = False
        self._training = True
        self._began = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds of training so far."""
        return time.monotonic() - self._began if self._training else 0.0

    def check(self) -> None:
        """For waits on a game: raises Interrupted when a stop has been wanted for longer than is polite."""
        if self.requested and (not self._training or time.monotonic() - self._requested_at > PATIENCE_S):
            raise Interrupted

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            if number != signal.SIGTERM:
                self._on_force()
                os._exit(128 + number)
            return
        self.requested = True
        self._requested_at = time.monotonic()
        if self._immediate:
            raise Interrupted
