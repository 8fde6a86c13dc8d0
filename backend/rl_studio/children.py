"""Runs a program to its end, line by line, and never leaves it or its children behind."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

from rl_studio.streams import CHILD_ENCODING, decode

LEAVING_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What asks a program to leave, beside Ctrl+C."""

_POLL_S = 0.2
_GRACE_S = 2.0

if sys.platform == "win32":
    _CREATION_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
else:
    _CREATION_FLAGS = 0


class ProcessTimeoutError(Exception):
    """The program took too long and was killed; `tail` has its last lines."""

    def __init__(self, timeout_s: float, tail: tuple[str, ...]) -> None:
        super().__init__(f"no end within {timeout_s:g} s")
        self.timeout_s = timeout_s
        self.tail = tail


class ProcessCancelledError(Exception):
    """The program was killed because its caller gave up."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended.

    Attributes:
        code: its exit code; negative is the signal that ended it (POSIX).
        tail: its last lines of stdout and stderr, without line ends.
    """

    code: int
    tail: tuple[str, ...]


def run_lines(
    argv: Sequence[str],
    *,
    timeout_s: float | None = None,
    cancel: threading.Event | None = None,
    on_line: Callable[[str], None] | None = None,
    on_wait: Callable[[], object] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    inherit: Sequence[int] = (),
    tail: int = 20,
) -> Finished:
    """Runs `argv` in a process group of its own and waits for it.

    Whatever ends the wait early (the timeout, `cancel`, Ctrl+C, an exception of `on_line`) also ends the whole
    group. On Linux the program also dies with us when we are killed.

    Args:
        argv: program and arguments.
        timeout_s: the longest it may take, in seconds; None for no limit.
        cancel: set it from another thread to give up.
        on_line: called in this thread with each line of stdout and stderr, without its line end.
        on_wait: called in this thread several times a second, lines or not.
        env: the environment; None for ours.
        cwd: the working folder; None for ours.
        inherit: file descriptors the program gets too (POSIX).
        tail: how many last lines to keep.

    Raises:
        ProcessTimeoutError: after `timeout_s`.
        ProcessCancelledError: `cancel` was set.
        OSError: the program cannot be started.
    """
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    kept: deque[str] = deque(maxlen=tail)

    def take(line: str) -> None:
        _check(cancel)
        kept.append(line)
        if on_line is not None:
            on_line(line)

    try:
        with signals_wait():
            process = _start(argv, env, cwd, inherit)
        reader = threading.Thread(target=_read, args=(process, lines), name=f"read {argv[0]}", daemon=True)
        reader.start()
        if not _pump(process, lines, reader, take, timeout_s, cancel, on_wait or (lambda: None)):
            raise ProcessTimeoutError(timeout_s or 0.0, tuple(kept))
        return Finished(process.wait(_GRACE_S), tuple(kept))
    finally:
        if process is not None:
            _end(process, reader)


def _end(process: subprocess.Popen[str], reader: threading.Thread | None) -> None:
    """Ends the program and the thread that reads from it, which may not have started."""
    kill_tree(process)
    if reader is not None and reader.ident is not None:
        reader.join(_GRACE_S)
    if process.stdout is not None and (reader is None or not reader.is_alive()):
        process.stdout.close()


@contextmanager
def signals_wait() -> Iterator[None]:
    """Lets handlers of signals run on leaving only: what they raise while a program starts would lose it."""
    came: list[int] = []
    before: dict[signal.Signals, Callable[[int, FrameType | None], object]] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, *LEAVING_SIGNALS):
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for each in came:
            signal.raise_signal(each)


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise ProcessCancelledError


def _start(
    argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None, inherit: Sequence[int]
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*die_with_parent(argv[0]), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=(os.environ if env is None else dict(env)) | CHILD_ENCODING,
        cwd=cwd,
        pass_fds=tuple(inherit),
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        start_new_session=sys.platform != "win32",
        creationflags=_CREATION_FLAGS,
    )


def die_with_parent(program: str) -> list[str]:
    """A command prefix that makes the kernel kill `program` when we die, where there is such a thing.

    It is killed when the thread that started it ends. Empty also if there is no such program: then it is to be missed
    by its own name.
    """
    if sys.platform != "linux" or shutil.which(program) is None:
        return []
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


@contextmanager
def leaving_on_signals() -> Iterator[None]:
    """In the block SIGTERM and SIGHUP raise SystemExit, so that programs that were started are ended on the way out.

    Does nothing outside of the main thread, and leaves a signal alone that is ignored, as nohup has it.
    """
    before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for number in LEAVING_SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def kill_tree(process: subprocess.Popen[str]) -> None:
    """Ends a process started in its own group, and everything it started: politely, then not."""
    family: list[psutil.Process] = []
    with suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    if sys.platform != "win32":
        _signal_group(process, signal.SIGKILL)
    for member in family:
        with suppress(psutil.Error):
            member.kill()
    if process.poll() is None:
        process.kill()
    process.wait()


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    if sys.platform == "win32":
        process.terminate()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None  # PIPE was asked for
    with suppress(ValueError, OSError):
        for line in process.stdout:
            lines.put(_readable(line.rstrip("\r\n")))
    lines.put(None)


def _readable(line: str) -> str:
    """The line with the bytes that are not UTF-8 as the system's own encoding has them."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return decode(line.encode("utf-8", "surrogateescape"))
    return line


def _pump(
    process: subprocess.Popen[str],
    lines: queue.SimpleQueue[str | None],
    reader: threading.Thread,
    take: Callable[[str], None],
    timeout_s: float | None,
    cancel: threading.Event | None,
    on_wait: Callable[[], object],
) -> bool:
    """Hands lines to `take` until the program ends. Returns False when the time is over."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    waited_at = -_POLL_S
    while deadline is None or time.monotonic() < deadline:
        _check(cancel)
        if time.monotonic() - waited_at >= _POLL_S:
            waited_at = time.monotonic()
            on_wait()
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            if process.poll() is None:
                continue
            # It is gone, but something it started may hold the pipe: take what is there and stop.
            reader.join(_POLL_S)
            _drain(lines, take)
            return True
        if line is None:
            return _wait_until(process, deadline)
        take(line)
    return False


def _drain(lines: queue.SimpleQueue[str | None], take: Callable[[str], None]) -> None:
    while True:
        try:
            line = lines.get_nowait()
        except queue.Empty:
            return
        if line is None:
            return
        take(line)


def _wait_until(process: subprocess.Popen[str], deadline: float | None) -> bool:
    """Waits for a program that closed its output. Returns False when the time is over."""
    while process.poll() is None:
        if deadline is not None and time.monotonic() >= deadline:
            return False
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
    return True
