"""Which packages of an environment are whole.

pip takes a package for installed as soon as its description is there, so one whose installation was cut short would
stay broken for ever. Here such a package is found, and its description removed: then pip installs it anew.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import shutil
from pathlib import Path

from rl_studio.setup.places import site_packages


def count(env: Path) -> int:
    """How many packages have their description."""
    return sum(1 for folder in site_packages(env) for _ in folder.glob("*.dist-info"))


def has(env: Path, name: str) -> bool:
    """Whether a package is there; its name as in the names of folders, with underscores."""
    return any(True for folder in site_packages(env) for _ in folder.glob(f"{name}-*.dist-info"))


def damaged(env: Path) -> list[str]:
    """The packages of which files are missing or have another length."""
    return [
        _name(info)
        for folder in site_packages(env)
        for info in _infos(folder)
        if not _is_whole(info, deep=False)
    ]


def drop_damaged(env: Path, *, deep: bool) -> list[str]:
    """Makes pip install again what is not whole.

    Args:
        deep: read each file and compare it, instead of looking only at whether it is there and how long it is.

    Returns:
        What was not whole.
    """
    dropped: list[str] = []
    for folder in site_packages(env):
        for info in _infos(folder):
            if not _is_whole(info, deep=deep):
                dropped.append(_name(info))
                shutil.rmtree(info, ignore_errors=True)
        for leftover in folder.glob("~*"):  # what pip had put aside when it was ended
            shutil.rmtree(leftover, ignore_errors=True)
    return dropped


def _infos(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.dist-info"))


def _name(info: Path) -> str:
    return info.name.removesuffix(".dist-info")


def _is_whole(info: Path, *, deep: bool) -> bool:
    """Whether the list of files is complete (pip writes it last), and all of them are there."""
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as record:
            rows = [row for row in csv.reader(record) if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    if not any(row[0].replace("\\", "/") == f"{info.name}/INSTALLER" for row in rows):
        return False
    return all(_is_there(info.parent, row, deep=deep) for row in rows)


def _is_there(folder: Path, row: list[str], *, deep: bool) -> bool:
    if row[0].endswith(".pyc"):
        return True  # Python makes it when it needs it
    path = folder / row[0]
    size = row[2] if len(row) > 2 else ""
    try:
        if size and path.stat().st_size != int(size):
            return False
        if not size:
            return path.exists()
        kind, _, expected = row[1].partition("=")
        if not deep or kind != "sha256":
            return True
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
    except (OSError, ValueError):
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == expected
