"""Real disks for tests: small ones that get full, and read-only ones. Mounting them takes root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: str = "1m", *, files: int = 1000) -> Iterator[Path]:
    """A disk of `size`, mounted at `folder`, which is made. Skips the test where that is not allowed.

    Args:
        files: how many it takes.
    """
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size},nr_inodes={files}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """In the block nothing can be written to `folder`, as on a disk that is mounted read-only."""
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        _unmount(folder)


def fill(disk: Path, *, but: int = 0) -> Path:
    """Fills a disk to its last byte, or all `but` so many bytes; returns the file that does it."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    assert shutil.disk_usage(disk).free == 0
    if but:
        os.truncate(filler, filler.stat().st_size - but)
    return filler


def without_powers(argv: Sequence[str]) -> list[str]:
    """A command as `argv` for which permissions of files count, even if root runs it."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return list(argv)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("as root this takes the program setpriv (util-linux)")
    return [setpriv, "--bounding-set", "-dac_override,-dac_read_search", *argv]


def _mount(*arguments: str) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount disks, on Linux")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"disks cannot be mounted here: {done.stderr.strip()}")


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
