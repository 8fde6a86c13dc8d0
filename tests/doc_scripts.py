"""Pieces of GDScript from a page, put into the script that they change."""

from __future__ import annotations

import re

_FUNCTION = re.compile(r"^func (\w+)\(", re.MULTILINE)


def is_whole(script: str) -> bool:
    """Whether it is a script of its own and not a piece of one."""
    return re.search(r"^extends ", script, re.MULTILINE) is not None


def file_name(script: str) -> str:
    """What the first line calls the file: `# mouse.gd, on the body`."""
    match = re.match(r"# (?:in )?(\w+\.gd)", script)
    assert match is not None, f"the first line does not name a file: {script.splitlines()[0]}"
    return match[1]


def weave(base: str, piece: str) -> str:
    """Puts a piece into a script: functions replace those of their names, all else is added."""
    head, functions = _split(base)
    own_head, own_functions = _split(piece)
    return "\n\n".join([head + own_head, *{**functions, **own_functions}.values()])


def _split(script: str) -> tuple[str, dict[str, str]]:
    starts = [match.start() for match in _FUNCTION.finditer(script)]
    if not starts:
        return script, {}
    ends = [*starts[1:], len(script)]
    parts = [script[start:end].rstrip() + "\n" for start, end in zip(starts, ends, strict=True)]
    names = _FUNCTION.findall(script)
    return script[: starts[0]], dict(zip(names, parts, strict=True))
