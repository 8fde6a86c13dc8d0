"""One game process: started with its output in a file, in its own group, and never left behind."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from rl_studio.children import die_with_parent
from rl_studio_training.errors import GameStartError
from rl_studio_training.game_log import GameLog
from rl_studio_training.process_state import glance

if sys.platform == "linux":
    import resource

_ASKED = "--- did not answer, so it is crashed to see where its scripts are ---"
"""What the log says before the words of a game that is asked for its stack."""


class GameProcess:
    """A running game. Whoever made it calls `stop`; if nobody does, the interpreter's end does.

    The process dies with us even when we are killed: it loses its connection, and on Linux the kernel kills
    it when the thread that made this object ends (so make it in the main thread).

    Args:
        argv: the command, one item per argument.
        cwd: the game's working directory.
        log_path: file that its stdout and stderr are appended to, under a line of its own if it has some text.
        env: its environment; None for ours.

    Raises:
        GameStartError: the command cannot be run.
    """

    def __init__(
        self, argv: Sequence[str], cwd: Path, log_path: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.argv = list(argv)
        if shutil.which(self.argv[0]) is None:
            raise GameStartError(
                f"{self.argv[0]} is not a program that can be run.",
                hint="Check the path, and that the file is executable.",
            )
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("ab", buffering=0) as output:
            if output.tell():
                with contextlib.suppress(OSError):  # a full disk, which is no reason not to play
                    output.write(b"\n--- started again ---\n")
            self.log = GameLog(log_path, output.tell())
            try:
                self._process = subprocess.Popen(
                    [*die_with_parent(self.argv[0]), *self.argv],
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=os.name == "posix",
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
            except OSError as error:
                raise GameStartError(
                    f"{self.argv[0]} cannot be started: {error.strerror or error}.",
                    hint="Check that the file is a program for this system.",
                ) from error
        self._started_at = time.monotonic()
        self._is_gone = False
        atexit.register(self.kill)

    @property
    def age_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started_at

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout_s: float) -> bool:
        """Waits up to `timeout_s` seconds for the process to end; returns whether it has."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def made_connection(self, connection: socket.socket) -> bool:
        """Whether this process, or one that it started, is at the other end of a connection on this machine.

        True also where nobody can be found there: not every system tells.
        """
        port = connection.getpeername()[1]
        if _has_port(self.pid, port):
            return True
        tree = {process.pid for process in _tree(self.pid)}
        if any(_has_port(pid, port) for pid in tree):
            return True
        with contextlib.suppress(psutil.Error, OSError):
            owners = {found.pid for found in psutil.net_connections("tcp4") if found.laddr[1:] == (port,)}
            return not owners.difference({None, *tree})
        return True

    @property
    def exit_code(self) -> int | None:
        """The code it left with; minus the signal that ended it (POSIX); None as long as it runs."""
        return self._process.poll()

    def print_stack(self, timeout_s: float = 3.0) -> list[str]:
        """Ends a game that hangs so that Godot prints where its scripts are. Only on Linux.

        Args:
            timeout_s: how long it may take.

        Returns:
            The lines that it printed.
        """
        if sys.platform != "linux" or not self.is_running():
            return []
        pid = glance(self.pid).pid
        self.log.mark(_ASKED)
        with contextlib.suppress(OSError):
            # Nobody wants a core dump of it: 1 also keeps the programs away that collect them.
            resource.prlimit(pid, resource.RLIMIT_CORE, (1, 1))
            os.kill(pid, signal.SIGSEGV)
            self.wait(timeout_s)
        lines = self.log.lines()
        return lines[lines.index(_ASKED) :] if _ASKED in lines else []

    def describe_end(self) -> str:
        """How the process ended, as the end of a sentence: "exited with code 1", "was killed by SIGKILL"."""
        code = self._process.poll()
        if code is None:
            return "is still running but closed its connection"
        if code < 0:
            with contextlib.suppress(ValueError):
                name = signal.Signals(-code).name
                # Nobody else has a reason to: SIGKILL is what a system that is short of memory sends.
                return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
        return f"exited with code {code}"

    def stop(self, grace_s: float = 3.0) -> None:
        """Ends the process and its group: waits for it to quit by itself, asks it to, then kills.

        Args:
            grace_s: seconds for the first stage; the second gets one second.
        """
        if not self.wait(grace_s):
            self._signal_group(force=False)
            self.wait(1.0)
        self.kill()

    def kill(self) -> None:
        """Kills the whole group at once. Does nothing the next time: the group's number may be another's by then."""
        if self._is_gone:
            return
        atexit.unregister(self.kill)
        self._signal_group(force=True)
        self._is_gone = self.wait(5.0)

    def _signal_group(self, *, force: bool) -> None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL if force else signal.SIGTERM)
            return
        for process in _tree(self.pid):
            with contextlib.suppress(psutil.Error):
                process.kill() if force else process.terminate()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except psutil.Error:
        return []


def _has_port(pid: int, port: int) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        connections = psutil.Process(pid).net_connections("tcp4")
        return any(found.laddr[1:] == (port,) for found in connections)
    return False


def who_listens_on(port: int) -> str | None:
    """The name and id of the process that listens on `port`, if we may know it."""
    with contextlib.suppress(psutil.Error, OSError):
        for found in psutil.net_connections("tcp4"):
            if found.status == psutil.CONN_LISTEN and found.laddr[1:] == (port,) and found.pid:
                return f"{psutil.Process(found.pid).name()} (pid {found.pid})"
    return None


def wait_for_exit(processes: Sequence[GameProcess], grace_s: float) -> None:
    """Lets several processes quit by themselves within one common time, then stops each."""
    deadline = time.monotonic() + grace_s
    for process in processes:
        process.stop(max(0.0, deadline - time.monotonic()))
