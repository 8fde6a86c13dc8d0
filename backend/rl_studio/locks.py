"""Locks between processes, which the system drops with the process that holds one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_S = 30.0
"""A process that was suspended in the wrong moment does not stop all others for longer."""
_POLL_S = 0.01

if sys.platform == "win32":
    import msvcrt

    def lock(descriptor: int) -> None:
        """Locks an open file until it is closed.

        Raises:
            OSError: another process has it.
        """
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _open(folder: Path) -> int:
        return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
else:
    import fcntl

    def lock(descriptor: int) -> None:
        """Locks an open file until it is closed.

        Raises:
            OSError: another process has it.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _open(folder: Path) -> int:
        # The folder itself: that takes no room, and works where nothing can be written.
        return os.open(folder, os.O_RDONLY)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lets one process at a time into the block, as far as the system can.

    A thread that is in it must not enter it again.
    """
    try:
        descriptor = _open(folder)
    except OSError:
        yield
        return
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            lock(descriptor)
        except (BlockingIOError, PermissionError):  # the latter is what Windows says
            time.sleep(_POLL_S)
        except OSError:
            return  # a file system without locks
        else:
            return
