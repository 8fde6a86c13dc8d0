"""Errors of a game's own scripts in what its engine prints: which there are, and how often each came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ERROR = re.compile(r"^\s*(?:USER )?(?P<script>SCRIPT )?ERROR: (?P<text>.*)$")
AT = re.compile(r"^\s*at:? (?P<what>.*?) ?\((?P<where>[^()]*)\)\s*$")
FRAME = re.compile(r"^\s*\[\d+\] (?P<what>.*?) \((?P<where>res://[^()]*:\d+)\)\s*$")
ADDON = "res://addons/rl_studio/"
"""Where our own scripts are, whose errors are told in other ways."""

_OURS = "RL Studio: "
_STACK = re.compile(r"^\s*(?:GDScript|C#) backtrace ")
_CHANGING = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?|#-?\d+")
MOST_KINDS = 50
"""Different errors of a game that are told apart."""


@dataclass(frozen=True, slots=True)
class PrintedError:
    """An error that a script or a scene made the engine print.

    Args:
        text: what, in the engine's words.
        place: "res://puck.gd:42, in _physics_process"; "" if none was printed.
    """

    text: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text

    @property
    def kind(self) -> tuple[str, str]:
        """What is the same for errors that differ in numbers only."""
        return self.place, without_numbers(self.text)

    def warning(self) -> str:
        """What to say of it while the game goes on."""
        where = f", {self.place}" if self.place else ""
        return f"Error in a script of the game{where}: {self.text}" + (
            "" if self.text.endswith((".", "!", "?")) else "."
        )


class ErrorReader:
    """Takes what a game prints, line by line, and finds the errors that come from its scripts.

    An error comes from a script if it is a script error, or names a line of one: where it was raised, or in the stack
    that follows.
    """

    def __init__(self) -> None:
        self._text = ""
        self._is_script = False
        self._place = ""
        self._waits = False

    def take(self, line: str) -> PrintedError | None:
        """Takes a line; returns the error that has ended with the line before, if there is one."""
        if self._waits and self._belongs(line):
            return None
        ended = self.end()
        if "ERROR: " in line and (match := ERROR.match(line)):
            self._waits = True
            self._text, self._is_script, self._place = match["text"].strip(), bool(match["script"]), ""
        return ended

    def end(self) -> PrintedError | None:
        """The error that was going on, if it comes from a script."""
        if not self._waits:
            return None
        self._waits = False
        theirs = self._place and not self._place.startswith(ADDON)
        if self._text.startswith(_OURS) or not (theirs or (self._is_script and not self._place)):
            return None
        return PrintedError(self._text, self._place)

    def _belongs(self, line: str) -> bool:
        """Whether a line still tells of the error; the innermost line of a game's own script is its place."""
        if _STACK.match(line):
            return True
        match = FRAME.match(line) or AT.match(line)
        if match is None:
            return False
        where = match["where"]
        if where.startswith("res://") and (not self._place or self._place.startswith(ADDON)):
            self._place = place_of(match["what"], where)
        return True


class ErrorCounts:
    """How often each kind of error came; of equal ones the first stands for all."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], PrintedError] = {}
        self._counts: dict[PrintedError, int] = {}
        self.total = 0
        """Errors of all kinds."""

    def add(self, error: PrintedError, count: int = 1) -> None:
        """Counts an error. One of a new kind is only part of the total if there are too many kinds already."""
        self.total += count
        if error.kind not in self._first and len(self._first) >= MOST_KINDS:
            return
        first = self._first.setdefault(error.kind, error)
        self._counts[first] = self._counts.get(first, 0) + count

    def __iter__(self) -> Iterator[tuple[PrintedError, int]]:
        return iter(self._counts.items())

    def __len__(self) -> int:
        return len(self._counts)

    def take(self) -> ErrorCounts:
        """All counts, which begin anew here; kinds stay known by their first error."""
        taken, self._counts = self._counts, {}
        found = ErrorCounts()
        found.total, self.total = self.total, 0
        found._counts = taken
        return found


def place_of(function: str, where: str) -> str:
    """A line of a script with its function, for people."""
    return f"{where}, in {function}" if function and "::" not in function else where


def without_numbers(text: str) -> str:
    """`text` without what differs from one time to the next: numbers and addresses."""
    return _CHANGING.sub("#", text)
