"""Breaks off what takes too long after the user asked to stop, where nothing in it looks whether he did."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_LOOK_EVERY_S = 0.1


class BrokenOff(KeyboardInterrupt):
    """The user has waited long enough. Nothing that handles errors may handle it."""


@contextlib.contextmanager
def breakable(is_stopping: Callable[[], bool], patience_s: float) -> Iterator[None]:
    """Raises BrokenOff in its block, wherever that is, `patience_s` seconds after `is_stopping` became true.

    For the main thread. On Windows nothing is broken off.

    Args:
        is_stopping: called in another thread, several times a second.
        patience_s: above 0.
    """
    if not hasattr(signal, "SIGUSR1"):
        yield
        return
    over, fired = threading.Event(), threading.Event()
    main = threading.get_ident()

    def break_off(_number: int, _frame: FrameType | None) -> None:
        if not over.is_set():
            fired.set()
            raise BrokenOff

    def watch() -> None:
        while not is_stopping():
            if over.wait(_LOOK_EVERY_S):
                return
        # More than once: what is raised in a destructor or a callback from C goes no further.
        while not over.wait(patience_s):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, break_off)
    watcher = threading.Thread(target=watch, name="patience", daemon=True)
    watcher.start()
    try:
        yield
    except KeyboardInterrupt:
        if fired.is_set():
            raise BrokenOff from None  # Ray makes a plain KeyboardInterrupt of it
        raise
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, before)
