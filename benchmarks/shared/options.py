"""The options that all benchmarks have, and lists of names on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

QUICK = "all of it in a few seconds, to see that it runs; the figures mean nothing"


def add_common(parser: argparse.ArgumentParser) -> None:
    """Adds `--json` and `--quick`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help=QUICK)


def add_godot(parser: argparse.ArgumentParser) -> None:
    """Adds `--godot`."""
    parser.add_argument("--godot", help="the Godot to use")


def add_only(parser: argparse.ArgumentParser, known: Iterable[str]) -> None:
    """Adds `--only`: some of `known`, all if it is not given."""
    names = list(known)
    parser.add_argument("--only", type=names_of(names), default=names, metavar=",".join(names))


def names_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Reads names in a list with commas; each counts once."""
    names = list(known)

    def read(text: str) -> list[str]:
        given = list(dict.fromkeys(text.split(",")))
        for name in given:
            if name not in names:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(names)}")
        return given

    return read
