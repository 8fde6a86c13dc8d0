"""What a trainer tells the world, line by line: `@METRIC {json}`, `@EVENT {json}` (docs/line-protocol.md)."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any

from rl_studio_training.unrepeated import Unrepeated

METRICS_VARIABLE = "CONTROLLER_METRICS"
"""Set to 1 by whoever reads the lines; without it a script shows a progress bar to a human."""


def wants_lines() -> bool:
    """Whether somebody reads our stdout as the line protocol."""
    return os.environ.get(METRICS_VARIABLE) == "1"


class Reporter:
    """Writes the line protocol. Safe to use from several threads; every line is written and flushed whole.

    Args:
        enabled: False writes nothing (errors and warnings still reach `human`).
        stream: binary stream for the lines; default stdout.
        human: text stream for plain words; default stderr.
    """

    def __init__(
        self, *, enabled: bool, stream: IO[bytes] | None = None, human: IO[str] | None = None
    ) -> None:
        self.enabled = enabled
        self._stream = stream if stream is not None else sys.stdout.buffer
        self._human = human if human is not None else sys.stderr
        self.write_above: Callable[[str], None] | None = None
        """Set while a progress bar is on the terminal: writes a line without tearing the bar."""
        self.warned: dict[str, int] = {}
        """How often each warning was told."""
        self.closing = ""
        """What is to be said after the reason when training ends well; "" if nothing is."""
        self._lock = threading.Lock()
        self._status = Unrepeated(self._tell_status)
        self._warning = Unrepeated(self._tell_warning)

    def metric(self, values: dict[str, Any]) -> None:
        """One iteration's numbers; NaN and infinity become null."""
        self._line("@METRIC", {"kind": "iteration", "timestamp": timestamp(), **values})

    def event(self, kind: str, **values: Any) -> None:
        """Something happened; `kind` and its fields are those of docs/line-protocol.md."""
        self._line("@EVENT", {"kind": kind, "timestamp": timestamp(), **values})

    def result(self, values: dict[str, Any]) -> None:
        """The outcome of a script that makes something, as its last line."""
        self._line("@RESULT", values)

    def status(self, message: str) -> None:
        """What is going on right now, for a status line. The same once more within ten seconds is not said."""
        self._status(message)

    def _tell_status(self, message: str) -> None:
        self.event("status", message=message)
        if not self.enabled:
            self.say(message)

    def warning(self, message: str) -> None:
        """Something odd that training goes on with. The same once more within ten seconds is not said."""
        self._warning(message)

    def counted_warning(self, message: str, count: int) -> None:
        """A warning of something that has come so many times since it was told last."""
        self._tell_warning(message, count)

    def _tell_warning(self, message: str, count: int = 1) -> None:
        with self._lock:
            self.warned[message] = self.warned.get(message, 0) + count
        self.event("warning", message=message, **({"count": count} if count > 1 else {}))
        self.say(f"Warning: {message}" + (f" ({count} times)" if count > 1 else ""))

    def error(self, code: str, message: str, hint: str | None, data: dict[str, Any] | None = None) -> None:
        """Why the script ends, for programs (with details, if there are any) and in plain words."""
        self.event("error", code=code, message=message, hint=hint, **({"data": data} if data else {}))
        self.say(f"Error: {message}" + (f"\n{hint}" if hint else ""))

    def say(self, text: str) -> None:
        """Plain words for whoever reads the terminal or the log."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self.write_above is not None:
                self.write_above(text)
                return
            self._human.write(text + "\n")
            self._human.flush()

    def _line(self, tag: str, values: dict[str, Any]) -> None:
        if not self.enabled:
            return
        text = json.dumps(clean(values), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = memoryview(f"{tag} {text}\n".encode(errors="replace"))
        with self._lock, contextlib.suppress(BrokenPipeError):
            while data:
                data = data[self._stream.write(data) :]
            self._stream.flush()


def timestamp() -> str:
    """Now, as ISO 8601 in UTC with milliseconds and a Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clean(value: Any) -> Any:
    """`value` as strict JSON can hold it: numpy numbers become plain, NaN and infinity None, paths text."""
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int):
        return value
    return str(value)
