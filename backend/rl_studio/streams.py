"""What we print reaches its reader: in every encoding, through pipes, and past a full disk.

Programs call `prepare` before they print anything. From then on `print` and `write` on standard output and standard
error do not raise for what is in the text: characters that the encoding lacks are replaced.
"""

from __future__ import annotations

import atexit
import codecs
import io
import locale
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from rl_studio.lasting_output import LastingOutput

REPLACE = "rl_studio"
"""Name of our way to encode what an encoding lacks: marks become ASCII, anything else a backslash and its number."""

CHILD_ENCODING = {"PYTHONIOENCODING": "utf-8:backslashreplace"}
"""For the environment of Python programs whose output we read."""

_MARKS = {
    "→": "->",
    "✓": "+",
    "✗": "x",
    "…": "...",
    "·": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u201c": '"',
    "\u201d": '"',
    "\u2018": "'",
    "\u2019": "'",
    "\xa0": " ",
}
_CHOSEN = ("replace", "ignore", "xmlcharrefreplace", "namereplace")
"""Ways that users may have chosen with PYTHONIOENCODING, and keep."""

_replaced: list[TextIO] = []
"""Python's own streams: with the last reference to one its file would be closed."""


def prepare(*, outlives_reader: bool = False) -> None:
    """Makes standard output and standard error take everything. Call it first; again does nothing.

    Args:
        outlives_reader: the program does its work also if nobody reads what it prints any more.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - lasts as long as we do
    bottoms = [_bottom(stream) for stream in (sys.stdout, sys.stderr)]
    if all(bottoms) and not any(isinstance(bottom, LastingOutput) for bottom in bottoms):
        first, second = (
            LastingOutput(bottom, outlives_reader=outlives_reader)
            for bottom in bottoms
            if isinstance(bottom, io.FileIO)
        )
        if os.name == "posix" and os.path.sameopenfile(first.fileno(), second.fileno()):
            second = first  # one file: the lines of both wait in one row
        _replaced.extend((sys.stdout, sys.stderr))
        sys.stdout, sys.stderr = _above(first, sys.stdout), _above(second, sys.stderr)
        atexit.register(end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors not in _CHOSEN:
            stream.reconfigure(errors=REPLACE)


def keep_reserve(folder: Path) -> None:
    """Takes some room in `folder` so that the last words of the program are written even if its disk is full."""
    bottom = _bottom(sys.stdout)
    if isinstance(bottom, LastingOutput):
        bottom.keep_reserve(folder)


def end() -> OSError | None:
    """Writes what still waits to be written.

    Returns:
        Why something is lost; None if nothing is.
    """
    problems: list[OSError | None] = []
    for stream in (sys.stdout, sys.stderr):
        bottom = _bottom(stream)
        if isinstance(bottom, LastingOutput):
            with suppress(OSError, ValueError):
                stream.flush()
            with suppress(BrokenPipeError):
                problems.append(bottom.end())
    return next((problem for problem in problems if problem is not None), None)


def use_utf8_names() -> None:
    """Starts this program anew if it would read the names of files in another encoding than UTF-8.

    Godot writes them in UTF-8, whatever the language of the system; with LC_ALL=C and PYTHONUTF8=0 Python would not
    find them. What is printed keeps its encoding.
    """
    if os.name != "posix" or sys.getfilesystemencoding() == "utf-8":
        return
    if sys.flags.ignore_environment or os.environ.get("PYTHONUTF8") == "1":
        return
    os.environ["PYTHONUTF8"] = "1"
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", sys.stdout.encoding)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def decode(data: bytes) -> str:
    """Text of a program whose encoding nobody knows: UTF-8, or else that of the system's language."""
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8")
    with suppress(LookupError):
        return data.decode(locale.getencoding(), errors="replace")
    return data.decode("utf-8", errors="replace")


def readable(text: str) -> str:
    """`text` as UTF-8 can hold it: what is no character, such as a byte of a file's name, is replaced."""
    return text.encode("utf-8", REPLACE).decode("utf-8")


def _bottom(stream: TextIO) -> io.FileIO | LastingOutput | None:
    """Where a stream that Python or we have made for this process ends; None for any other."""
    if type(stream) is not io.TextIOWrapper:
        return None
    buffer = stream.buffer
    raw = getattr(buffer, "raw", buffer)
    return raw if isinstance(raw, io.FileIO | LastingOutput) else None


def _above(bottom: LastingOutput, old: TextIO) -> TextIO:
    """The same stream on another bottom."""
    assert isinstance(old, io.TextIOWrapper)
    old.flush()
    return io.TextIOWrapper(
        bottom if old.write_through else io.BufferedWriter(bottom),
        encoding=old.encoding,
        errors=old.errors,
        line_buffering=old.line_buffering,
        write_through=old.write_through,
    )


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_plain(character) for character in error.object[error.start : error.end]), error.end


def _plain(character: str) -> str:
    if 0xDC80 <= ord(character) <= 0xDCFF:  # a byte of a file's name that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    found = _MARKS.get(character)
    return character.encode("ascii", "backslashreplace").decode("ascii") if found is None else found


codecs.register_error(REPLACE, _replace)
