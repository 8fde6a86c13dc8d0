"""What a game printed of its own death: errors of its scripts, the engine's report of a crash, its last words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rl_studio.godot.script_errors import ADDON, AT, ERROR, FRAME, PrintedError, place_of, without_numbers

__all__ = [
    "PrintedCrash",
    "PrintedError",
    "find_crash",
    "find_errors",
    "find_stack",
    "last_words",
    "without_numbers",
]

_BROKEN_FILE = re.compile(
    r"Parse Error|Failed load|Failed to load|Attempt to open script|non-existent resource"
)
_FILE_LINE = re.compile(r"res://[^\s'\"\]]+?:\d+(?=[\s'\"\]]|$)")
_CRASHED = re.compile(r"Program crashed with signal (?P<number>\d+)")
_NATIVE = re.compile(r"^\[\d+\] (?P<frame>.*?)(?: \[0x[0-9a-f]+\].*)?$")
_NOISE = re.compile(
    r"^\s*("
    + "|".join(
        (
            r"Godot Engine v\S.*",
            r"Engine version: .*",
            r"OpenGL API \d.*",
            r"WARNING: Could not set V-Sync mode.*",
            r"Dumping the backtrace.*",
            r"GDScript backtrace .*",
            r"-- END OF .*",
            r"=+",
            r"at:? .*\(\S+\.(cpp|h|mm):\d+\)",
            r"\[\d+\] .*\[0x[0-9a-f]+\].*",
            r"\[\d+\] \S+ \(" + re.escape(ADDON) + r".*",
            r"ERROR: BUG: Unreferenced static string.*",
            r"ERROR: Pages in use exist at exit.*",
        )
    )
    + r")\s*$"
)
"""Lines of the engine that tell nothing about the game."""


@dataclass(frozen=True, slots=True)
class PrintedCrash:
    """What the engine said when it crashed.

    Args:
        signal: its number.
        place: the line of a script that was being run, as in `PrintedError`; "" if none was.
        frames: of the engine's own stack, without what changes from start to start.
    """

    signal: int
    place: str
    frames: tuple[str, ...]


def find_errors(lines: Sequence[str]) -> list[PrintedError]:
    """The distinct errors of scripts, in the order of their first time; without any, those of scenes and files."""
    scripts: dict[PrintedError, None] = {}
    files: dict[PrintedError, None] = {}
    for number, line in enumerate(lines):
        match = ERROR.match(line)
        if match is None:
            continue
        text = match["text"].strip()
        place = _place_after(lines, number)
        if match["script"] or place:  # a script in C# prints a plain error with its own place
            scripts[PrintedError(text, place)] = None
        elif _BROKEN_FILE.search(text) and "res://" in text:
            named = _FILE_LINE.search(text)
            files[PrintedError(text, "" if named is None or text.startswith(named[0]) else named[0])] = None
    return list(scripts or files)


def find_crash(lines: Sequence[str]) -> PrintedCrash | None:
    """The engine's report of a crash; it prints none where it was built without."""
    for number, line in enumerate(lines):
        match = _CRASHED.search(line)
        if match is None:
            continue
        rest = lines[number + 1 :]
        natives = [
            found["frame"] for found in map(_NATIVE.match, rest) if found and "res://" not in found["frame"]
        ]
        return PrintedCrash(int(match["number"]), find_stack(rest), tuple(natives[:6]))
    return None


def find_stack(lines: Sequence[str]) -> str:
    """The innermost line of a game's script in a printed stack, rather than one of our addon; "" if there is none."""
    frames = [match for match in map(FRAME.match, lines) if match]
    theirs = [match for match in frames if not match["where"].startswith(ADDON)]
    return next((place_of(match["what"], match["where"]) for match in theirs or frames), "")


def last_words(lines: Sequence[str], count: int = 12) -> list[str]:
    """The last lines for people: each once, with how often it came, and without the engine's own places."""
    counts: dict[str, int] = {}
    for line in lines:
        text = line.rstrip()
        if text.strip() and not _NOISE.match(text):
            counts[text] = counts.pop(text, 0) + 1
    last = list(counts.items())[-count:]
    return [text if times == 1 or text[0].isspace() else f"{text} ({times} times)" for text, times in last]


def _place_after(lines: Sequence[str], number: int) -> str:
    """Where in a script the error in line `number` was; "" if that is not told."""
    for line in lines[number + 1 : number + 2]:
        match = AT.match(line)
        if match and match["where"].startswith("res://"):
            return place_of(match["what"], match["where"])
    return ""
