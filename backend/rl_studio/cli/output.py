"""What the commands print: words for people, or one JSON document as the last line for programs."""

from __future__ import annotations

import json
import shutil
import sys
import time
import unicodedata
from typing import Any, TextIO

from rl_studio.errors import StudioError

QUIET_S = 10.0
"""Seconds between two lines of progress where nothing moves."""


class Output:
    """Writes a command's results.

    For people the text goes to stdout. With `as_json` stdout carries JSON only (the document is its last
    line) and the text goes to stderr.
    """

    def __init__(self, *, as_json: bool, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self._shown = ""
        self._next_line = 0.0

    def say(self, text: str) -> None:
        """One or more lines for people."""
        self._end_progress()
        stream = self._stderr if self.as_json else self._stdout
        stream.write(text + "\n")
        stream.flush()

    def raw(self, text: str) -> None:
        """A line that belongs to stdout in either case, such as a CSV row or an @METRIC line."""
        self._end_progress()
        self._stdout.write(text + "\n")
        self._stdout.flush()

    def result(self, document: Any) -> None:
        """The outcome: printed as one line of strict JSON with --json, else not at all."""
        if self.as_json:
            self.raw(json.dumps(document, allow_nan=False, default=str))

    def warn(self, problem: StudioError) -> None:
        """Something that is wrong although the command does what it shall, on stderr."""
        self._end_progress()
        self._stderr.write(f"! {problem.message}\n" + (f"  → {problem.hint}\n" if problem.hint else ""))
        self._stderr.flush()

    def progress(self, text: str) -> None:
        """How far something is: on a terminal a line that the next one replaces, elsewhere a line now and then."""
        if text == self._shown:
            return
        if self._stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            self._stderr.write("\r\x1b[2K" + text[:width])
            self._stderr.flush()
            self._shown = text
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + QUIET_S
            self.say(text)

    def error(self, error: StudioError) -> None:
        """What went wrong and the way out, on stderr; with --json also as the document."""
        self._end_progress()
        self._stderr.write(f"rl-studio: {error.message}\n")
        if error.hint:
            self._stderr.write(f"  → {error.hint}\n")
        self._stderr.flush()
        self.result({"error": error.to_wire()})

    def _end_progress(self) -> None:
        if self._shown:
            self._stderr.write("\n")
            self._shown = ""


def table(rows: list[dict[str, Any]], columns: dict[str, str]) -> str:
    """Lays `rows` out under the titles `columns` (key → title), numbers to the right."""
    texts = [[_cell(row.get(key)) for key in columns] for row in rows]
    titles = [_cell(title) for title in columns.values()]
    widths = [max([_width(title), *(_width(line[i]) for line in texts)]) for i, title in enumerate(titles)]
    numeric = [any(isinstance(row.get(key), int | float) for row in rows) for key in columns]
    lines = [titles, *texts]
    return "\n".join(
        "  ".join(
            _padded(cell, width, to_the_right=right)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def number_text(value: float, decimals: int) -> str:
    """A number with so many decimals, or in short if it has too many digits to be read."""
    return f"{value:.{decimals}f}" if abs(value) < 1e12 else f"{value:.4g}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else number_text(value, 0)
    text = str(value)
    # Names may have line ends and what moves the cursor in them.
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _padded(cell: str, width: int, *, to_the_right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if to_the_right else cell + space


def _width(text: str) -> int:
    """Columns on a terminal: East Asian letters and emoji take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
