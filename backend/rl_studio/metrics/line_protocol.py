"""The line protocol: `@METRIC {json}`, `@EVENT {json}` and `@RESULT {json}` lines among other output.

The parser takes the bytes of a log in pieces of any size and loses nothing silently: a protocol line that
cannot be used becomes a record of kind "warning".
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from rl_studio.metrics.numbers import is_count

MAX_LINE = 256 * 1024
"""Longest line in bytes; longer ones are skipped with a warning."""

MAX_DEPTH = 12
"""Deepest nesting of a record's data."""

Kind = Literal["metric", "event", "result", "warning"]

_KINDS: dict[bytes, Kind] = {b"METRIC": "metric", b"EVENT": "event", b"RESULT": "result"}
_LINE = re.compile(rb"@(METRIC|EVENT|RESULT)[ \t]*(?=\{)")
_MARKED = re.compile(rb"@(METRIC|EVENT|RESULT)\b")
_COUNTS = ("training_iteration", "timesteps_total", "env_steps_total", "episodes_total")
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Record:
    """One protocol line.

    Attributes:
        kind: what the line is; "warning" for a line that could not be used.
        data: its JSON object with NaN, Infinity and -Infinity as None; for a warning {"message": text}.
    """

    kind: Kind
    data: dict[str, Any]


class LineParser:
    """Parses a log from a line's start on.

    It keeps no bytes: what it did not consume is to be given again, with more after it.

    Args:
        skipping: the position is inside of a line too long to be read.
    """

    def __init__(self, *, skipping: bool = False) -> None:
        self.skipping = skipping

    def feed(self, data: bytes, *, final: bool = False) -> tuple[list[Record], int]:
        """Parses the complete lines in `data`.

        Args:
            data: bytes of the log from the first unconsumed one on.
            final: there will be no more, so a last line without a newline is complete too.

        Returns:
            The records in order, and how many bytes were consumed.
        """
        records: list[Record] = []
        end = len(data) if final else data.rfind(b"\n") + 1
        start = 0
        if self.skipping and end:
            start = data.find(b"\n", 0, end) + 1 or end
            self.skipping = False
        # Most of a log is not for us: lines without an "@" are passed over at the speed of bytes.find.
        at = data.find(b"@", start, end)
        while at >= 0:
            line_start = data.rfind(b"\n", start, at) + 1 or start
            line_end = data.find(b"\n", at, end)
            line_end = end if line_end < 0 else line_end
            record = _parse_line(data[line_start:line_end])
            if record is not None:
                records.append(record)
            at = data.find(b"@", line_end, end)
        return self._drop_endless_line(data, end, records)

    def _drop_endless_line(self, data: bytes, end: int, records: list[Record]) -> tuple[list[Record], int]:
        if self.skipping:
            return records, len(data)
        if len(data) - end <= MAX_LINE:
            return records, end
        self.skipping = True
        records.append(_warning(f"A line longer than {MAX_LINE} bytes was skipped", data[end : end + 80]))
        return records, len(data)


def _parse_line(line: bytes) -> Record | None:
    """The record of one line; None if it is ordinary output."""
    # A progress bar returns the carriage without ending the line.
    text = line.rstrip(b"\r").rpartition(b"\r")[2]
    if len(text) > MAX_LINE:
        return (
            _warning(f"A line longer than {MAX_LINE} bytes was skipped", text) if text[:1] == b"@" else None
        )
    # Searched anywhere: stdout and stderr share the log, so a line may begin in the middle of another.
    match = _LINE.search(text)
    if match:
        return _parse_json(_KINDS[match.group(1)], text[match.end() :], text)
    return _warning("A protocol line has no JSON object", text) if _MARKED.match(text) else None


def _parse_json(kind: Kind, text: bytes, line: bytes) -> Record:
    try:
        found = json.loads(text.decode("utf-8", errors="replace"))
        if kind == "metric":
            _check_counts(found)
        return Record(kind, _clean(found, MAX_DEPTH))
    except (ValueError, RecursionError) as error:
        return _warning(f"A protocol line is not usable ({error})", line)


def _check_counts(data: dict[str, Any]) -> None:
    """Makes sure that what counts something in a metric line does so: samples are ordered and drawn by that."""
    for name in _COUNTS:
        value = data.get(name)
        if value is not None and not is_count(value):
            raise ValueError(f"{name} is {_short(value)}; a whole number from 0 on is due")


def _short(value: Any) -> str:
    """A value as a warning has it; of an integer beyond floats Python refuses to show the digits."""
    return "a huge number" if isinstance(value, int) and abs(value) > 2**64 else str(value)[:40]


def _clean(value: Any, depth: int) -> Any:
    """Replaces what cannot be sent on: infinities by None, integers beyond 64 bits by floats, what is no text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else _as_float(value)
    if isinstance(value, str):
        # Lone surrogates from \ud800 escapes have no UTF-8 form.
        text = value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
        return text.replace("\0", "\ufffd")  # which ends a text in Godot
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    return {_clean(key, 0): _clean(item, depth - 1) for key, item in value.items()}


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _warning(message: str, line: bytes) -> Record:
    shown = line[:120].decode("utf-8", errors="replace")
    return Record("warning", {"message": f"{message}: {shown!r}"})
