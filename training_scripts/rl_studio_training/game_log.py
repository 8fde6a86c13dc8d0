"""What a game printed: its log file, the last lines of it, and the errors in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from rl_studio.godot import ErrorCounts, ErrorReader
from rl_studio.streams import decode

MAX_LOG_BYTES = 32 * 1024 * 1024
"""A game that floods its log is cut back to nothing when it gets here, so that it cannot fill the disk."""

_HEAD_BYTES = 256 * 1024
_TAIL_BYTES = 64 * 1024

MAX_FORWARDED = 50
"""Error lines passed on from one game; whoever wants more reads the log file."""

_AT_THE_END = ("ERROR: BUG: Unreferenced static string", "ERROR: Pages in use exist at exit")
"""What the engine says of itself, by the hundred, when it is ended in the middle of something."""

_ERROR_MARKS = ("SCRIPT ERROR:", "USER SCRIPT ERROR:", "USER ERROR:", "ERROR:", "Parse Error:")


class GameLog:
    """Reads the log file that a game process appends to.

    Args:
        path: the file; it may not exist yet.
        start: where in it this process begins to write, in bytes.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        self.path = path
        self._start = start
        self._offset = start
        self._rest = b""
        self._forwarded = 0
        self._in_error = False
        self._seen: set[str] = set()
        self._reader = ErrorReader()
        self._script_errors = ErrorCounts()

    def last_lines(self, count: int = 12) -> list[str]:
        """The last `count` lines that are not empty."""
        try:
            with self.path.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(min(self._start, file.tell()), file.tell() - 16384))
                text = decode(file.read())
        except OSError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]

    def lines(self) -> list[str]:
        """All lines; of a long log the first and the last ones."""
        try:
            with self.path.open("rb") as file:
                file.seek(0, os.SEEK_END)
                end = file.tell()
                file.seek(min(self._start, end))
                data = file.read(_HEAD_BYTES)
                if file.tell() < end:
                    file.seek(max(file.tell(), end - _TAIL_BYTES))
                    data += b"\n" + file.read()
        except OSError:
            return []
        return decode(data).splitlines()

    def mark(self, text: str) -> None:
        """Adds a line of our own."""
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}\n")

    def new_errors(self) -> Iterator[str]:
        """Error lines (and the place each names) since the last call; every distinct one once."""
        for line in self._new_lines():
            found = self._reader.take(line)
            if found is not None:
                self._script_errors.add(found)
            stripped = line.strip()
            is_error = stripped.startswith(_ERROR_MARKS) and not stripped.startswith(_AT_THE_END)
            belongs = self._in_error and stripped.startswith("at:")
            self._in_error = False
            if not (is_error or belongs) or (is_error and stripped in self._seen):
                continue
            if self._forwarded > MAX_FORWARDED:
                continue
            self._in_error = is_error
            self._seen.add(stripped)
            self._forwarded += 1
            yield stripped if self._forwarded <= MAX_FORWARDED else f"(more errors are in {self.path.name})"

    def script_errors(self) -> ErrorCounts:
        """Errors of the game's scripts among the lines that `new_errors` has read since the last call."""
        if (found := self._reader.end()) is not None:
            self._script_errors.add(found)
        return self._script_errors.take()

    def _new_lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(MAX_LOG_BYTES)
        except OSError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._offset >= MAX_LOG_BYTES:
            # The game appends, so it goes on at the new end.
            os.truncate(self.path, 0)
            self._start = self._offset = 0
            self._rest = b""
        return [decode(line) for line in lines]
