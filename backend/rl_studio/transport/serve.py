"""`rl-studio serve`: one backend for one project, until told to leave."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio

from rl_studio import storage
from rl_studio.errors import StudioError
from rl_studio.project import Project
from rl_studio.protocol import SUBPROTOCOL
from rl_studio.runs import RunService
from rl_studio.streams import REPLACE
from rl_studio.transport.backend import Backend, listen
from rl_studio.transport.discovery import BackendLock, wait_for_discovery

logger = logging.getLogger(__name__)

EXIT_ALREADY_RUNNING = 3

_LOG_BYTES = 1024 * 1024


class ServeError(StudioError):
    """The backend cannot serve the project."""

    code = "serve"


def serve(
    project: Project,
    *,
    exit_when_idle: float | None = None,
    make_service: Callable[[Project], RunService] = RunService,
) -> int:
    """Serves `project` until told to leave, by a client, a signal, or `exit_when_idle`.

    Prints one line of JSON on stdout: {"event": "ready", …} once clients may connect, or
    {"event": "already_running", …} if another backend serves the project.

    Args:
        project: the project.
        exit_when_idle: leave after so many seconds without a client and without a run; None for never.
        make_service: makes the run service; for other trainers than the installed ones.

    Returns:
        0, or 3 if another backend serves the project.

    Raises:
        ServeError: another backend seems to be there but does not say where.
        ReadOnlyError, DiskFullError: the project cannot be written to, so that no client could find the backend.
    """
    storage.require_writable(project.state_dir, "The project")
    storage.require_room(project.state_dir)
    project.prepare_state_dir()
    lock = BackendLock(project)
    if not lock.acquire():
        return _tell_already_running(project)
    try:
        _log_to_file(project)
        with suppress(KeyboardInterrupt):
            anyio.run(_serve, project, exit_when_idle, make_service)
        return 0
    finally:
        lock.release()


async def _serve(
    project: Project, exit_when_idle: float | None, make_service: Callable[[Project], RunService]
) -> None:
    with make_service(project) as service:
        async with (
            anyio.create_task_group() as tasks,
            listen(service, idle_limit=exit_when_idle) as backend,
        ):
            tasks.start_soon(_leave_on_signal, backend)
            backend.discovery.write(project)
            try:
                here = backend.discovery
                logger.info("serving %s on port %d", project.root, here.port)
                _say({"event": "ready", "port": here.port, "pid": here.pid, "protocol": SUBPROTOCOL})
                await backend.leaving.wait()
            finally:
                backend.discovery.remove(project)
                tasks.cancel_scope.cancel()


async def _leave_on_signal(backend: Backend) -> None:
    try:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                backend.shut_down(signal.Signals(number).name)
    except NotImplementedError:
        return  # Windows: Ctrl+C arrives as KeyboardInterrupt


def _tell_already_running(project: Project) -> int:
    found = wait_for_discovery(project, timeout=5)
    if found is None:
        raise ServeError(
            f"Another process holds {project.state_dir / 'backend.lock'} but does not serve the project.",
            hint="Wait a moment and try again, or end that process.",
        )
    _say({"event": "already_running", "pid": found.pid, "port": found.port})
    return EXIT_ALREADY_RUNNING


def _say(line: dict[str, Any]) -> None:
    # The only lines on stdout. Whoever started us may be gone already.
    with suppress(OSError, ValueError):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _log_to_file(project: Project) -> None:
    """All logging to backend.log and none to stderr: nobody may be reading that, and a full pipe would stop
    us."""
    handler = logging.handlers.RotatingFileHandler(
        project.state_dir / "backend.log",
        maxBytes=_LOG_BYTES,
        backupCount=1,
        encoding="utf-8",
        errors=REPLACE,
    )
    logging.raiseExceptions = False  # what a full disk does not take is lost, and nobody reads complaints
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(os.environ.get("RL_STUDIO_LOG", "INFO").upper())
    logging.getLogger("websockets").setLevel(logging.WARNING)
