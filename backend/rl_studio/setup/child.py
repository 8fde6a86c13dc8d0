"""Runs a Python program that ends when we do, however we end, and hands out its lines."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rl_studio.setup.errors import SetupCancelledError

POLL_S = 0.2
_GRACE_S = 2.0
_TAIL = 60

# The program watches its standard input, a pipe whose other end is ours: it is closed when we are gone.
_WATCH = """
import os, runpy, signal, sys, threading
def watch():
    os.read(0, 1)
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(130)
threading.Thread(target=watch, daemon=True).start()
path, name = sys.argv[1:3]
del sys.argv[:2]
if path:
    sys.path.insert(0, path)
runpy.run_module(name, run_name="__main__", alter_sys=True)
"""

Cancel = threading.Event


def run_module(
    python: Path,
    module: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cancel: Cancel,
    path: Path | None = None,
    on_line: Callable[[str], None],
    on_wait: Callable[[], None] = lambda: None,
) -> tuple[int, list[str]]:
    """Runs `python -m module` in a process group of its own.

    Args:
        env: the environment.
        path: where the module is, if Python does not know.
        cancel: set it to have the program ended.
        on_line: called with each line that it prints.
        on_wait: called several times a second.

    Returns:
        Its exit code, and its last lines.

    Raises:
        SetupCancelledError: `cancel` was set; the program is gone.
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        [str(python), "-I", "-u", "-X", "utf8", "-c", _WATCH, str(path or ""), module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(env),
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=sys.platform != "win32",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    tail: deque[str] = deque(maxlen=_TAIL)
    try:
        while True:
            if cancel.is_set():
                raise SetupCancelledError
            on_wait()
            try:
                line = lines.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if line is None:
                return process.wait(), list(tail)
            tail.append(line)
            on_line(line)
    finally:
        _end(process, reader)


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None  # PIPE was asked for
    with suppress(ValueError, OSError):
        for line in process.stdout:
            lines.put(line.rstrip("\r\n"))
    lines.put(None)


def _end(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    if process.poll() is None:
        if sys.platform == "win32":
            process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    reader.join(_GRACE_S)
    if process.stdout is not None and not reader.is_alive():
        process.stdout.close()
