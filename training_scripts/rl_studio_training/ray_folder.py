"""A folder for Ray's files and sockets: private, and with a path so short that the system takes sockets in it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rl_studio import storage
from rl_studio.errors import StudioError

PREFIX = "rls-"

RAYS_OWN = "r"
"""Folder in it that Ray gets, and opens to everybody: ours around it keeps them out."""

LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107
"""Bytes in the path of a socket."""

_RAYS_PART = len(
    f"/{PREFIX}12345678/{RAYS_OWN}/session_2026-01-02_03-04-05_123456_1234567/sockets/plasma_store"
)


class RayFolderError(StudioError):
    """There is no folder that Ray could use."""

    code = "ray_folder"


def make_folder(candidates: Iterable[Path] | None = None) -> tempfile.TemporaryDirectory[str]:
    """Makes a folder that only this user may look into, in the first fitting one of `candidates`.

    Args:
        candidates: None for that of TMPDIR and then the usual ones.

    Raises:
        RayFolderError: none fits: their paths are too long, or nothing can be written to them.
    """
    problems = []
    for parent in _usual() if candidates is None else candidates:
        problem = _unfit(parent)
        if problem is None:
            try:
                return tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True)
            except OSError as error:
                problem = storage.describe(error, parent).message
        problems.append(problem)
    raise RayFolderError(
        "There is no folder that Ray can use for its sockets. " + " ".join(dict.fromkeys(problems)),
        hint="Set the environment variable TMPDIR to a folder with a short path that can be written to, such as /tmp.",
    )


def _usual() -> list[Path]:
    found = []
    with suppress(FileNotFoundError):  # there is none at all
        found.append(Path(tempfile.gettempdir()))
    if sys.platform != "win32":
        found += [Path("/tmp"), Path("/var/tmp")]
    if os.environ.get("XDG_RUNTIME_DIR"):
        found.append(Path(os.environ["XDG_RUNTIME_DIR"]))
    return list(dict.fromkeys(path.resolve() for path in found))


def _unfit(parent: Path) -> str | None:
    """What keeps Ray from using a folder, as a sentence; None if nothing does."""
    length = len(os.fsencode(parent))
    most = LONGEST_SOCKET - _RAYS_PART
    if sys.platform != "win32" and length > most:
        return f"The path of {parent} is too long: it has {length} letters, and {most} are left for it."
    try:
        str(parent).encode()
        problem = storage.lack_of_room(parent)
    except UnicodeEncodeError:
        return f"The path of {parent} is not UTF-8."
    except OSError as error:
        return storage.describe(error, parent).message
    return None if problem is None else problem.message
