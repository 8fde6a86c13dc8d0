"""One Godot executable: where it is, what version it is, and whether it works at all."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rl_studio.children import ProcessTimeoutError, run_lines
from rl_studio.godot.version import MINIMUM, MINIMUM_TEXT, GodotVersion, parse_version

Source = Literal["option", "GODOT", "PATH", "folder", "managed"]
"""How a binary was found: --godot, $GODOT, the PATH, a usual install folder, the studio's own copy."""

PROBE_TIMEOUT_S = 30.0
"""A first start may be slow: virus scanners, macOS's notarisation check, a cold disk."""

_PLAIN_NAMES = ("godot", "godot4", "godot-4", "Godot", "Godot4", "godot-bin", "godot-mono", "Godot_mono")
_VERSIONED = re.compile(r"^godot[ _-]?v?4", re.IGNORECASE)
_NOT_THE_EDITOR = (
    "template",
    "server",
    "_console.exe",
    ".zip",
    ".pck",
    ".desktop",
    ".txt",
    ".tpz",
    ".sha512",
)


class UnusableGodotError(Exception):
    """The file is no Godot that we can use; the text says why and reads on after its path."""


@dataclass(frozen=True, slots=True)
class GodotBinary:
    """A Godot editor binary that answered `--version` and is new enough.

    Attributes:
        path: absolute path of the executable.
        version: what it said.
        source: how it was found.
    """

    path: Path
    version: GodotVersion
    source: Source

    def to_json(self) -> dict[str, str]:
        return {"path": str(self.path), "version": self.version.text, "source": self.source}


def open_binary(path: Path, source: Source) -> GodotBinary:
    """Makes sure that `path` is a Godot we can use, by asking it for its version.

    Args:
        path: the executable, a macOS .app bundle, or a folder with one of them in it.
        source: how it was found.

    Raises:
        UnusableGodotError: not there, not executable, not Godot, or too old.
    """
    # Links stay as they are: what is behind one may go by the name it is called with (snap).
    executable = _inside(path.expanduser()).absolute()
    version = _probe(executable)
    if version.numbers < MINIMUM:
        raise UnusableGodotError(f"is Godot {version.text}; {MINIMUM_TEXT} or newer is needed")
    return GodotBinary(executable, version, source)


def editors_in(folder: Path) -> Iterator[Path]:
    """What in `folder` is named like a Godot editor: plain names first, then the newest version."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return
    suffixes = (".exe", ".cmd", ".bat") if sys.platform == "win32" else ("", ".app")
    for name in _PLAIN_NAMES:
        for suffix in suffixes:
            if name + suffix in names:
                yield folder / (name + suffix)
    versioned = [name for name in names if _is_versioned_editor(name)]
    for name in sorted(versioned, key=newest_first):
        yield folder / name


def newest_first(name: str) -> tuple[int, ...]:
    """A sort key that puts Godot_v4.10 before Godot_v4.6 and that before Godot_v4.6-beta2."""
    match = re.search(r"(\d+(?:\.\d+)*)", name)
    numbers = [-int(part) for part in match.group(1).split(".")] if match else []
    padded = [*numbers, 0, 0, 0][:3]
    return (*padded, 0 if "stable" in name else 1)


def _is_versioned_editor(name: str) -> bool:
    return bool(_VERSIONED.match(name)) and not any(part in name.lower() for part in _NOT_THE_EDITOR)


def _inside(path: Path) -> Path:
    """The executable in a bundle or folder; a file is itself."""
    if not path.is_dir():
        return path
    bundled = path / "Contents" / "MacOS"
    if bundled.is_dir():
        programs = sorted(entry for entry in bundled.iterdir() if entry.is_file())
        named = [entry for entry in programs if entry.name.lower().startswith("godot")]
        for found in (*named, *programs):
            return found
    for entry in editors_in(path):
        if entry.is_file():
            return entry
        if entry.suffix == ".app":
            return _inside(entry)
    raise UnusableGodotError("is a folder with no Godot in it")


def _probe(path: Path) -> GodotVersion:
    if not path.exists():
        raise UnusableGodotError("does not exist")
    if not os.access(path, os.X_OK):
        raise UnusableGodotError("is not executable (chmod +x it)")
    try:
        finished = run_lines([str(path), "--version"], timeout_s=PROBE_TIMEOUT_S)
    except OSError as error:
        raise UnusableGodotError(f"cannot be started: {error.strerror or error}") from error
    except ProcessTimeoutError as error:
        raise UnusableGodotError(f"did not answer --version within {error.timeout_s:g} s") from error
    version = parse_version("\n".join(finished.tail))
    if version is None:
        said = finished.tail[-1].strip() if finished.tail else f"nothing, exit code {finished.code}"
        raise UnusableGodotError(f"does not answer --version like Godot; it said: {said}")
    return version
