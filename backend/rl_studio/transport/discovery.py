"""How clients find the backend of a project, and how there is only one.

A lock that the system drops with the process says whether a backend lives; `backend.json`, for the user's
eyes only, says where it listens and what to say there.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self

from rl_studio.files import read_json, write_json_atomic
from rl_studio.locks import lock
from rl_studio.project import Project


@dataclass(frozen=True, slots=True)
class Discovery:
    """The content of backend.json.

    Attributes:
        token: to be sent as `Authorization: Bearer <token>`.
        protocol: name of the WebSocket subprotocol.
        version: of Godot RL Studio.
        started: ISO 8601 UTC.
    """

    port: int
    token: str
    pid: int
    protocol: str
    version: str
    started: str

    def write(self, project: Project) -> None:
        """Writes backend.json, readable by the user only."""
        write_json_atomic(project.discovery_file, asdict(self), mode=0o600)

    @classmethod
    def read(cls, project: Project) -> Self | None:
        """What backend.json says; None if there is none or it cannot be used. The backend may be long
        gone."""
        try:
            data = read_json(project.discovery_file)
            found = cls(**{name: data[name] for name in cls.__dataclass_fields__})
            is_usable = all(type(number) is int and 0 < number < 2**31 for number in (found.port, found.pid))
            return found if is_usable else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remove(self, project: Project) -> None:
        """Removes backend.json if it is still this one."""
        if Discovery.read(project) == self:
            with suppress(OSError):
                project.discovery_file.unlink(missing_ok=True)


class BackendLock:
    """Held by the one backend of a project for as long as its process lives."""

    def __init__(self, project: Project) -> None:
        self._path: Path = project.state_dir / "backend.lock"
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Takes the lock; False if another process has it.

        Raises:
            OSError: the file of the lock cannot be made.
        """
        file = self._path.open("ab")
        try:
            lock(file.fileno())
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Gives the lock up, if it was taken."""
        if self._file is not None:
            self._file.close()
            self._file = None


def wait_for_discovery(project: Project, *, timeout: float) -> Discovery | None:
    """What the backend that holds the lock wrote; it may need a moment if it is just starting.

    Args:
        timeout: seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = Discovery.read(project)
        if found is not None and _lives(found.pid):
            return found
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)
