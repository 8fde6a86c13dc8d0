"""Tells how a set-up goes on: in the log, and to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rl_studio.files import write_bytes_atomic

Sink = Callable[[dict[str, Any]], None]

_INTERVAL_S = 0.1


class Report:
    """Hands what happens to `sink`, one dictionary each, with "event" in it:

    - phase: {"phase", "text"}, a new part of the work begins
    - progress: {"fraction", "text"}, how far all of it is, 0 to 1
    - line: {"text"}, a line of the log
    - note: {"text"}, something the user is to know

    Args:
        sink: takes them.
        log: gets every line; None for no log.
    """

    def __init__(self, sink: Sink, log: Path | None = None) -> None:
        self._sink = sink
        self._log = log
        self._next = 0.0
        self._fraction = 0.0

    def begin_log(self) -> None:
        """Empties the log.

        Raises:
            OSError: it cannot be written.
        """
        if self._log is not None:
            write_bytes_atomic(self._log, b"")

    def phase(self, name: str, text: str, fraction: float) -> None:
        """A part of the work begins."""
        self.line(f"== {text}")
        self._sink({"event": "phase", "phase": name, "text": text})
        self.progress(fraction, text, at_once=True)

    def progress(self, fraction: float, text: str, *, at_once: bool = False) -> None:
        """How far all of it is; some are left out where they come too fast. It never goes back."""
        self._fraction = max(self._fraction, min(fraction, 1.0))
        now = time.monotonic()
        if at_once or now >= self._next:
            self._next = now + _INTERVAL_S
            self._sink({"event": "progress", "fraction": round(self._fraction, 4), "text": text})

    def line(self, text: str) -> None:
        """A line of the log."""
        if self._log is not None:
            with self._log.open("a", encoding="utf-8", errors="replace") as log:
                log.write(text + "\n")
        self._sink({"event": "line", "text": text})

    def note(self, text: str) -> None:
        """Something the user is to know."""
        self.line(text)
        self._sink({"event": "note", "text": text})
