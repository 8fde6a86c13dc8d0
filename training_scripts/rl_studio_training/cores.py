"""Who computes on which core: the trainer keeps one to itself as long as there are more cores than games.

A game and a trainer take turns in fractions of a millisecond. Left alone, Linux wakes the one on the core of the other,
where the caches are full of the wrong things; apart, each finds its own still warm, and both can look for messages
without sleeping and have them at once. Benchmarks: `benchmarks/training_speed.py`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

import psutil

SPIN_S = 0.003
"""How long a trainer or a game with a core of its own looks for a message before it sleeps, in seconds."""


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_spare_core(count: int) -> bool:
    """Whether `count` games leave the trainer a core, on a system that lets us say who gets which."""
    return hasattr(os, "sched_getaffinity") and count < available_cores()


def set_apart(pids: Iterable[int], count: int) -> bool:
    """Keeps games off the trainer's core, where the system lets us say so (Linux).

    Args:
        pids: the games' processes. What they start later is kept off, too.
        count: games of the whole run.

    Returns:
        Whether the trainer has a core of its own now.
    """
    if not has_spare_core(count):
        return False
    _own, *others = sorted(os.sched_getaffinity(0))
    for pid in pids:
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            for thread in process.threads():
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(thread.id, others)
    return True
