"""Trainer processes: detached from us, found again after a restart, stopped with all they started.

A process is known by its pid and creation time, so a reused pid fools nobody. What it started, directly or
not, is known by an environment variable that children inherit: that also finds games which left the process
group.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from rl_studio.streams import CHILD_ENCODING

logger = logging.getLogger(__name__)

RUN_VARIABLE = "RL_STUDIO_RUN"
"""Environment variable of a trainer and everything it starts: the absolute path of the run's folder."""

_CREATION_TOLERANCE_S = 1.0


class DetachedProcess(subprocess.Popen[bytes]):
    """A child that may outlive this process, so nobody needs to wait for it."""

    def __del__(self) -> None:
        # Popen's warns about a child that still runs; for ours that is intended. Zombies end with us.
        return


def spawn(argv: Sequence[str], *, cwd: Path, run_dir: Path, log_file: Path) -> DetachedProcess:
    """Starts a trainer in its own session (POSIX) or process group (Windows), output going to `log_file`.

    Raises:
        OSError: the program cannot be started.
    """
    environment = os.environ | {
        "CONTROLLER_METRICS": "1",
        "PYTHONUNBUFFERED": "1",
        **CHILD_ENCODING,
        RUN_VARIABLE: str(run_dir),
    }
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    with log_file.open("ab") as log:
        return DetachedProcess(
            list(argv),
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=flags,
        )


def creation_time(pid: int) -> float | None:
    """When the process was created, as psutil tells it; None if there is no such process."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def find(pid: int, created: float | None, run_dir: Path) -> psutil.Process | None:
    """The living trainer with this pid, or None if it is gone, a zombie, or another process took its pid."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if created is not None and abs(process.create_time() - created) < _CREATION_TOLERANCE_S:
            return process
        # Creation times shift when the clock is set; the command line does not.
        return process if _belongs_to(process, run_dir) else None
    except psutil.Error:
        return None


def members(run_dir: Path) -> list[psutil.Process]:
    """All living processes of a run, the trainer and what it started, oldest first. Looks at them all."""
    ours = os.getpid()
    found = [
        process for process in psutil.process_iter() if process.pid != ours and _belongs_to(process, run_dir)
    ]
    return sorted(found, key=_age)


def interrupt(process: psutil.Process) -> None:
    """Asks a trainer to save and leave. Only the trainer: its games must last until it has saved."""
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            process.send_signal(signal.SIGINT)


def end_all(processes: Iterable[psutil.Process], *, kill: bool) -> None:
    """Sends SIGTERM or SIGKILL to each process, its group and all below it; on Windows both end it."""
    targets: dict[int, psutil.Process] = {}
    for process in processes:
        with suppress(psutil.Error):
            for child in process.children(recursive=True):
                targets[child.pid] = child
        targets[process.pid] = process
        _signal_group(process, kill=kill)
    for target in targets.values():
        if target.pid == os.getpid():
            continue
        with suppress(psutil.Error):
            if kill:
                target.kill()
            else:
                target.terminate()


def _signal_group(leader: psutil.Process, *, kill: bool) -> None:
    if sys.platform == "win32":
        return
    with suppress(psutil.Error, OSError):
        # Only a group that this very process leads: any other could be ours.
        if leader.is_running() and os.getpgid(leader.pid) == leader.pid:
            os.killpg(leader.pid, signal.SIGKILL if kill else signal.SIGTERM)


def _belongs_to(process: psutil.Process, run_dir: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get(RUN_VARIABLE) == str(run_dir)
    except (psutil.Error, OSError):
        return False


def _age(process: psutil.Process) -> float:
    try:
        return process.create_time()
    except psutil.Error:
        return 0.0
