"""Ends what a killed trainer leaves of its Ray: processes that would notice only minutes later, and its folder.

    python ray_reaper.py FOLDER

Reads lines from standard input: first the processes, as JSON list of [pid, creation time], then "done" if all went
well. An end of the input without it means that the trainer was killed. It is no child of the trainer's, for whoever
kills a run kills all of its children.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from rl_studio.runs.processes import RUN_VARIABLE

_DONE = "done"
_EXIT_S = 2.0
"""How long Ray's processes may take to end by themselves, which most of them do at once."""


class RayReaper:
    """Watches over a Ray of this process from another one, which outlives us. Call `close` when Ray has ended.

    Args:
        folder: Ray's temporary folder.
    """

    def __init__(self, folder: Path) -> None:
        # It must not count as part of the run: whoever ends all of that would end it, too.
        environment = {key: value for key, value in os.environ.items() if key != RUN_VARIABLE}
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
            text=True,
            encoding="utf-8",
        )

    def watch(self, processes: Iterable[psutil.Process]) -> None:
        """Says which processes are Ray's. Call it once, when Ray runs."""
        known = []
        for process in processes:
            with contextlib.suppress(psutil.Error):
                known.append([process.pid, process.create_time()])
        self._tell(json.dumps(known))

    def close(self) -> None:
        """Says that Ray has ended, and waits for the end of the watch."""
        self._tell(_DONE)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        assert self._process.stdout is not None
        with self._process.stdout as held:  # it is at its end when the last process that has it is gone
            held.read()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()


def _main(folder: Path) -> None:
    if hasattr(os, "fork") and os.fork() > 0:
        os._exit(0)  # the other half belongs to nobody
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    lines = sys.stdin.read().split("\n")
    if _DONE in lines:
        return
    processes = list(_found(json.loads(lines[0]) if lines[0] else []))
    psutil.wait_procs(processes, timeout=_EXIT_S)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=_EXIT_S)
    shutil.rmtree(folder, ignore_errors=True)


def _found(known: list[Any]) -> Iterable[psutil.Process]:
    """Those that still are the processes they were."""
    for pid, created in known:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(process.create_time() - created) < 1.0:
                yield process


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
