"""Ctrl+C and its kin while a run is started and followed: a wish to stop at first, and at last a kill."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

from rl_studio.children import LEAVING_SIGNALS

KILLS = 3
"""Presses from which on the run is killed. Two may come at once, as `timeout` sends them."""

_SIGNALS = (
    signal.SIGINT,
    *LEAVING_SIGNALS,
    *(getattr(signal, name) for name in ("SIGBREAK",) if hasattr(signal, name)),
)
_Handler = Callable[[int, FrameType | None], object] | int | None


class Presses:
    """A context in which signals that end programs are counted, from `hold` on; before that they end this one.

    SIGTERM, and SIGHUP of a terminal that is closed, count as Ctrl+C. One that is ignored, as nohup has it, stays so.
    Does nothing outside of the main thread.
    """

    def __init__(self) -> None:
        self.count = 0
        self._holds = False
        self._before: dict[signal.Signals, _Handler] = {}

    def hold(self) -> None:
        """From here on signals are counted and interrupt nothing: look at `count`."""
        self._holds = True

    def release(self) -> None:
        """Signals end this program again, and those so far are forgotten."""
        self._holds = False
        self.count = 0

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            # Who has pressed has been obeyed: one that comes late does not change how this program ends.
            signal.signal(number, signal.SIG_IGN if self.count else handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._holds:
            self.count += 1
        elif number in LEAVING_SIGNALS:
            raise SystemExit(128 + number)
        else:
            raise KeyboardInterrupt
