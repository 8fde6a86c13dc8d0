"""Files that are whole or absent: every write goes to a temporary neighbour and is then renamed.

And files of others, read whatever program has written them.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_bytes_atomic(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Writes `data` to `path` so that a reader sees the old file or the new one, never a part.

    Args:
        path: the target; its folder is made if missing.
        data: the whole content.
        mode: permission bits such as 0o600; None keeps the user's default.

    Raises:
        OSError: the file cannot be written, and is named in the error; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data, mode)
    except OSError as error:
        # Named after the file that was meant, not after a temporary one.
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def _replace(path: Path, data: bytes, mode: int | None) -> None:
    # The name in short, for it may be as long as names can be.
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:32]}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode if mode is not None else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_json_atomic(path: Path, data: Any, *, mode: int | None = None) -> None:
    """Writes `data` as strict, indented JSON. See `write_bytes_atomic`.

    Raises:
        ValueError: `data` holds NaN or Infinity, which JSON cannot.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        content = text.encode()
    except UnicodeEncodeError:  # names of files that are not UTF-8
        content = json.dumps(data, indent=2).encode()
    write_bytes_atomic(path, content + b"\n", mode=mode)


def read_json(path: Path) -> Any:
    """Reads a JSON file, in UTF-8 (with a byte order mark or without) or UTF-16.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is not JSON (json.JSONDecodeError), not text (UnicodeDecodeError), or nested too deep.
    """
    try:
        return json.loads(path.read_bytes())
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def read_text(path: Path) -> str:
    """Reads a text file that people or other programs write, with any line ends, byte order mark or none.

    Bytes that are not UTF-8 become surrogates, as in names of files; `write_text` makes them what they were.

    Raises:
        OSError: it cannot be read.
    """
    return path.read_text(encoding="utf-8-sig", errors="surrogateescape")


def write_text(path: Path, text: str) -> None:
    """Replaces a text file by what `read_text` gave, changed. See `write_bytes_atomic`."""
    write_bytes_atomic(path, text.encode("utf-8", "surrogateescape"))


def set_aside(path: Path) -> Path:
    """Renames a corrupt file to `NAME.corrupt[-N]` and returns where it went, so nothing is lost."""
    target = path.with_name(path.name + ".corrupt")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.corrupt-{number}")
    path.replace(target)
    return target


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
