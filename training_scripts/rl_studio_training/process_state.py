"""What a process that does not answer is doing, as far as it can be seen from outside."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import psutil

from rl_studio.godot.dialogs import PROGRAMS as DIALOGS

_BUSY_CORES = 0.5
_IDLE_CORES = 0.05
_LOADS_BYTES_S = 500_000
_PRINTS_BYTES_S = 500_000

_SYSTEM_SHARE = 0.05
"""Frames that run ask the system for the time and for messages; a loop in a script takes less of its time than this."""

_ONE_TICK_S = 0.011
"""What the system counts in; a little of it may be anybody's."""

_SHELLS = ("sh", "bash", "dash", "zsh")
"""What may have started the game itself: a script around it."""


class State(Enum):
    """What a process does."""

    BUSY = "busy"
    RUNS = "runs"
    LOADING = "loading"
    DIALOG = "dialog"
    PROGRAM = "program"
    STOPPED = "stopped"
    ASLEEP = "asleep"
    SLOW = "slow"
    GONE = "gone"


_WORDS = {
    State.BUSY: "a script runs without end, or for very long (one core is fully busy)",
    State.RUNS: "its frames seem to run, but no decision is asked for",
    State.LOADING: "it loads from disk",
    State.DIALOG: "it shows a dialog ({detail}, as OS.alert() does) and waits until somebody closes it",
    State.PROGRAM: "it waits for a program that it started ({detail})",
    State.STOPPED: "it was stopped (SIGSTOP); `kill -CONT {pid}` lets it go on",
    State.ASLEEP: "it sleeps: a dialog is open, or it waits for a lock, a breakpoint or something else",
    State.SLOW: "it computes now and then ({detail} of a core)",
    State.GONE: "its process has ended",
}

_WAY_OUT = {
    State.BUSY: "Is there a loop without end in it? If it just takes so long, raise step_timeout_s.",
    State.RUNS: "Is the RLSync gone, or in a part of the scene that is paused or disabled?",
    State.LOADING: "Load it before training begins, or raise step_timeout_s.",
    State.DIALOG: "Nobody closes dialogs in training: print the text instead of OS.alert().",
    State.PROGRAM: "OS.execute() waits until the program ends; OS.create_process() does not.",
    State.STOPPED: "Who stopped it? A debugger or a shell does.",
    State.ASLEEP: "Does it wait for somebody, or for something that does not come?",
    State.SLOW: "Is the machine busy with other things? Fewer games (n_envs) may help, or a longer step_timeout_s.",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen.

    Args:
        state: what the process does.
        pid: its number.
        detail: the program it waits for, or the share of a core that it uses.
    """

    state: State
    pid: int
    detail: str = ""

    def __str__(self) -> str:
        return _WORDS[self.state].format(pid=self.pid, detail=self.detail)

    @property
    def way_out(self) -> str | None:
        """What to do about it, in a sentence or two."""
        return _WAY_OUT.get(self.state)


@dataclass(frozen=True, slots=True)
class Glance:
    """A process at one moment; the difference of two says what it does.

    Args:
        pid: its number; of the game, where a shell script started it.
        at: seconds on a clock that never goes back.
        status: psutil's; "" if the process is gone.
        user_s, system_s: on the processor, since it began.
        read_bytes, written_bytes: since it began.
        children: names of what it started.
    """

    pid: int
    at: float
    status: str = ""
    user_s: float = 0.0
    system_s: float = 0.0
    read_bytes: int = 0
    written_bytes: int = 0
    children: tuple[str, ...] = ()


def glance(pid: int) -> Glance:
    """Looks at a process."""
    at = time.monotonic()
    try:
        process = _behind_scripts(psutil.Process(pid))
        with process.oneshot():
            status, times = process.status(), process.cpu_times()
        if status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return Glance(pid, at)
        children = tuple(_names(process.children(recursive=True)))
        return Glance(process.pid, at, status, times.user, times.system, *_transfers(process), children)
    except (psutil.Error, OSError):
        return Glance(pid, at)


def compare(before: Glance, after: Glance) -> Found:
    """What the process did between two glances, which are at least some tenths of a second apart."""
    state, detail = _judge(before, after)
    return Found(state, after.pid, detail)


def look(pid: int, seconds: float = 0.3) -> Found:
    """Watches a process for a moment."""
    before = glance(pid)
    time.sleep(seconds)
    return compare(before, glance(pid))


def _judge(before: Glance, after: Glance) -> tuple[State, str]:
    seconds = max(after.at - before.at, 1e-3)
    system_s = after.system_s - before.system_s
    cpu_s = after.user_s - before.user_s + system_s
    if not after.status:
        return State.GONE, ""
    if after.status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP):
        return State.STOPPED, ""
    loads = (after.read_bytes - before.read_bytes) / seconds > _LOADS_BYTES_S
    if loads or after.status == psutil.STATUS_DISK_SLEEP:
        return State.LOADING, ""
    # Others may have had the core, but whenever we look it has something to do. Elsewhere all processes "run".
    runs = sys.platform == "linux" and before.status == after.status == psutil.STATUS_RUNNING
    cores = cpu_s / seconds
    if runs or cores >= _BUSY_CORES:
        prints = (after.written_bytes - before.written_bytes) / seconds > _PRINTS_BYTES_S
        computes = system_s <= cpu_s * _SYSTEM_SHARE + _ONE_TICK_S
        return (State.BUSY if prints or computes else State.RUNS), ""
    if dialog := next((name for name in after.children if name in DIALOGS), None):
        return State.DIALOG, dialog
    if cores >= _IDLE_CORES:
        return State.SLOW, f"{cores:.0%}"
    programs = [name for name in after.children if name not in _SHELLS] or after.children
    return (State.PROGRAM, programs[0]) if programs else (State.ASLEEP, "")


def _behind_scripts(process: psutil.Process) -> psutil.Process:
    """The game itself, where a shell script started it and waits for it."""
    while process.name() in _SHELLS and len(children := process.children()) == 1:
        process = children[0]
    return process


def _names(processes: list[psutil.Process]) -> Iterator[str]:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process.name()


def _transfers(process: psutil.Process) -> tuple[int, int]:
    """Bytes read and written, also what did not get as far as the disk where the system tells."""
    try:
        counters = process.io_counters()
    except (psutil.Error, OSError, AttributeError):  # not on every system
        return 0, 0
    read = getattr(counters, "read_chars", counters.read_bytes)
    return int(read), int(getattr(counters, "write_chars", counters.write_bytes))
