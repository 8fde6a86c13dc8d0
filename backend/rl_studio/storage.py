"""What goes wrong with disks, in words: full, read-only, forbidden, broken. And the way out."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from rl_studio.disk_facts import (
    existing,
    folder_of,
    free_bytes,
    has_room,
    is_read_only,
    is_writable,
    size_text,
    takes_files,
)
from rl_studio.errors import StudioError

FULL_BYTES = 64 * 1024
"""With less than this much room a disk counts as full, where an error does not say why it came."""

_ROOM_FOR_A_MODEL = 64 * 1024 * 1024
"""The same where a model could not be written: what was written of it is gone again."""

_MAKE_ROOM = "Make room on this disk, for instance by deleting old runs in the project's .rl_studio/runs."
_WORDLESS = re.compile(
    r"PytorchStreamWriter|file write failed|iostream error|unexpected pos \d+|\d+ requested and \d+ written"
)
"""What PyTorch and NumPy say when a file cannot be written; the reason they leave out."""


class StorageError(StudioError):
    """Something cannot be read or written for a reason outside of us."""

    code = "storage"


class DiskFullError(StorageError):
    """There is no room left."""

    code = "disk_full"


class ReadOnlyError(StorageError):
    """A folder or file may not be written to."""

    code = "read_only"


def require_writable(folder: Path, what: str) -> None:
    """Makes sure that files can be made in a folder, which need not exist.

    Args:
        what: what the folder is, as the beginning of a sentence: "The project".

    Raises:
        ReadOnlyError: they cannot.
    """
    there = existing(folder)
    if not is_writable(there):
        raise _read_only(there, f"{what} cannot be written to")


def require_room(folder: Path) -> None:
    """Makes sure that there is some room on the disk of a folder.

    Raises:
        DiskFullError: there is none.
    """
    problem = lack_of_room(folder)
    if problem is not None:
        raise problem


def lack_of_room(folder: Path) -> DiskFullError | None:
    """What to say of the disk of a folder if there is no room left on it."""
    return None if has_room(folder, FULL_BYTES) else _full(folder)


def explain(error: BaseException, place: Path) -> StorageError | None:
    """The trouble with a disk that an error tells of, or one of the errors that it came from.

    Args:
        place: a file or folder on the disk, for errors that name none.

    Returns:
        None if the error is about something else.
    """
    for cause in _causes(error):
        if isinstance(cause, StorageError):
            return cause
        found = None
        if isinstance(cause, sqlite3.Error):
            found = _of_database(cause, place)
        elif isinstance(cause, OSError) and cause.errno is not None:
            found = _of_system(cause, place)
        elif isinstance(cause, shutil.Error) or _WORDLESS.search(str(cause)):
            found = _of_unknown_reason(place, _ROOM_FOR_A_MODEL)
        if found is not None:
            return found
    return None


def describe(error: OSError | sqlite3.Error, place: Path) -> StorageError:
    """The same, but any other error in the system's own words."""
    found = explain(error, place)
    if found is not None:
        return found
    if isinstance(error, OSError):
        return StorageError(f"{_path_of(error) or place}: {error.strerror or error}.")
    return StorageError(f"{place} cannot be used: {error}.", hint="Try again; it may be in use.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came from, each once."""
    left: list[BaseException] = [error]
    seen: set[int] = set()
    while left:
        cause = left.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            left.extend(cause.exceptions)
        # `cause` is where Ray keeps what was raised in another process.
        others = (cause.__cause__, getattr(cause, "cause", None), cause.__context__)
        left.extend(other for other in others if isinstance(other, BaseException))


def _of_system(error: OSError, place: Path) -> StorageError | None:
    if isinstance(error, FileNotFoundError) and "No usable temporary directory" in str(error):
        return _no_temporary_folder()
    handler = _ERRORS.get(error.errno or 0)
    if handler is None:
        return None
    path = _path_of(error)
    return handler(path or (_fullest(place) if error.errno == errno.ENOSPC else place))


def _of_database(error: sqlite3.Error, place: Path) -> StorageError | None:
    """Without the name of its file, which the place is."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _full(place)
    if code == sqlite3.SQLITE_READONLY:
        return _read_only(place, f"{place} cannot be written")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM):
        return _of_unknown_reason(place)
    return None


def _of_unknown_reason(place: Path, room: int = FULL_BYTES) -> StorageError:
    there = existing(place)
    if not has_room(there, room):
        return _full(place)
    if not is_writable(folder_of(there)) or not is_writable(there):
        return _read_only(place, f"{place} cannot be written")
    return _broken(place)


def _full(path: Path) -> DiskFullError:
    folder = folder_of(path)
    if not takes_files(folder):
        return DiskFullError(
            f"The disk is full: {folder} has no room for more files, however small.", hint=_MAKE_ROOM
        )
    free = free_bytes(folder)
    more = "" if free < FULL_BYTES else ", which is not enough"
    return DiskFullError(f"The disk is full: {folder} has {size_text(free)} free{more}.", hint=_MAKE_ROOM)


def _fullest(place: Path) -> Path:
    """What must be meant where only some disk is said to be full: that of the place, or of temporary files."""
    candidates = [place]
    with suppress(OSError):
        candidates.append(Path(tempfile.gettempdir()))
    return next((path for path in candidates if lack_of_room(path) is not None), place)


def _over_quota(path: Path) -> DiskFullError:
    return DiskFullError(
        f"Your share of the disk is used up: nothing more can be written to {folder_of(path)}.",
        hint=_MAKE_ROOM.replace("on this disk", "in it"),
    )


def _too_large(path: Path) -> StorageError:
    return StorageError(
        f"{path} cannot grow further: it has the size that this system or `ulimit -f` allows.",
        hint="Raise the limit, or use another disk.",
    )


def _read_only(path: Path, what: str) -> ReadOnlyError:
    there = existing(path)
    if is_read_only(there):
        return ReadOnlyError(
            f"{what}: the disk of {there} is read-only.",
            hint="Mount it for writing, or copy the project to a folder that is yours.",
        )
    hint = f"Make {there} writable for you, or copy the project to a folder that is yours."
    if sys.platform != "win32":
        hint = f"chmod -R u+rwX {shlex.quote(str(there))} makes it writable if it is yours; else copy the project."
    return ReadOnlyError(f"{what}: there is no permission to write to {there}.", hint=hint)


def _forbidden(path: Path) -> StorageError | None:
    if os.path.lexists(path) and not os.access(path, os.R_OK):
        return StorageError(
            f"{path} cannot be read: there is no permission to.", hint="Give yourself permission to read it."
        )
    if is_writable(folder_of(path)) and is_writable(existing(path)):
        return None  # another program has it open, say
    return _read_only(path, f"{path} cannot be written")


def _broken(path: Path) -> StorageError:
    return StorageError(
        f"{path} cannot be read or written: its disk reports an error.",
        hint="Copy what matters to another disk, and have this one checked.",
    )


def _gone(path: Path) -> StorageError:
    return StorageError(
        f"{path} cannot be reached any more: its disk or network drive is gone.",
        hint="Connect it again, then try once more.",
    )


def _no_temporary_folder() -> StorageError:
    chosen = os.environ.get("TMPDIR") or os.environ.get("TEMP") or os.environ.get("TMP")
    named = f", nor can {chosen}, which TMPDIR names" if chosen else ""
    return StorageError(
        f"There is no folder for temporary files: /tmp and the like cannot be written to{named}.",
        hint="Set the environment variable TMPDIR to a folder that can be written to, and has room.",
    )


_ERRORS: dict[int, Callable[[Path], StorageError | None]] = {
    errno.ENOSPC: _full,
    errno.EFBIG: _too_large,
    errno.EROFS: lambda path: _read_only(path, f"{path} cannot be written"),
    errno.EACCES: _forbidden,
    errno.EPERM: _forbidden,
    errno.EIO: _broken,
    errno.ENXIO: _gone,
    errno.ENODEV: _gone,
}
if sys.platform != "win32":
    _ERRORS |= {errno.EDQUOT: _over_quota, errno.ESTALE: _gone, errno.ENOTCONN: _gone}


def _path_of(error: OSError) -> Path | None:
    name = error.filename2 or error.filename
    return Path(os.fsdecode(name)) if isinstance(name, str | bytes) and name else None
