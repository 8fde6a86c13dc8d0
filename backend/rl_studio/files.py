"""Files that are whole or absent: every write goes to a temporary neighbour and is then renamed."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write_bytes_atomic(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Writes `data` to `path` so that a reader sees the old file or the new one, never a part.

    Args:
        path: the target; its folder is made if missing.
        data: the whole content.
        mode: permission bits such as 0o600; None keeps the user's default.

    Raises:
        OSError: the folder cannot be written to; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode if mode is not None else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json_atomic(path: Path, data: Any, *, mode: int | None = None) -> None:
    """Writes `data` as strict, indented JSON. See `write_bytes_atomic`.

    Raises:
        ValueError: `data` holds NaN or Infinity, which JSON cannot.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes_atomic(path, text.encode(), mode=mode)


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is not JSON (json.JSONDecodeError) or not UTF-8 (UnicodeDecodeError).
    """
    return json.loads(path.read_text(encoding="utf-8"))


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
