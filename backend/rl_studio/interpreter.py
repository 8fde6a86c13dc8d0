"""Tells the editor which Python to use: whoever ran `rl-studio` on a project showed a Python that works."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from rl_studio.files import read_json, write_json_atomic
from rl_studio.project import Project
from rl_studio.userdata import data_dir


def user_file() -> Path:
    """The per-user note of the Python that last ran the studio; the addon reads the same place."""
    return data_dir() / "python.json"


def remember(project: Project | None = None) -> None:
    """Notes this interpreter for the user and for `project`. Never fails: it is only a hint."""
    note = {"python": sys.executable}
    with suppress(OSError):
        _write(user_file(), note)
    if project is not None:
        with suppress(OSError):
            project.prepare_state_dir()
            _write(project.state_dir / "local.json", note)


def _write(path: Path, note: dict[str, str]) -> None:
    if not _says(path, note):
        write_json_atomic(path, note)


def _says(path: Path, note: dict[str, str]) -> bool:
    try:
        return bool(read_json(path) == note)
    except (OSError, ValueError):
        return False
