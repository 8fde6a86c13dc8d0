"""What the system tells of the disk that a file or folder is on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk that `folder` is on, or will be."""
    return shutil.disk_usage(existing(folder)).free


def has_room(path: Path, size: int) -> bool:
    """Whether so many bytes are free on the disk; True also if it does not tell, as some that are no real ones."""
    usage = shutil.disk_usage(existing(path))
    return usage.total == 0 or usage.free >= size


def takes_files(path: Path) -> bool:
    """Whether a disk that counts its files has any left to give."""
    if not hasattr(os, "statvfs"):
        return True
    told = os.statvfs(existing(path))
    return told.f_files == 0 or told.f_favail > 0


def is_writable(path: Path) -> bool:
    """Whether files can be made in a folder, or a file can be changed."""
    return os.access(path, os.W_OK | os.X_OK if path.is_dir() else os.W_OK)


def is_read_only(path: Path) -> bool:
    """Whether nothing can be written to the disk, whoever may."""
    if not hasattr(os, "statvfs"):
        return False
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def folder_of(path: Path) -> Path:
    """The path if it is a folder, else that which it is in; the nearest that there is."""
    there = existing(path)
    return there if there.is_dir() else there.parent


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that there is."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def size_text(size: int) -> str:
    """So many bytes, for people."""
    if size < 10_000:
        return f"{size} bytes"
    if size < 1_000_000:
        return f"{size / 1e3:.0f} KB"
    return f"{size / 1e6:.1f} MB" if size < 1_000_000_000 else f"{size / 1e9:.1f} GB"
