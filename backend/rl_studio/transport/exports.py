"""Export jobs: started by a client, carried out beside everything else, reported to all clients."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.abc import TaskGroup

from rl_studio import storage
from rl_studio.errors import StudioError
from rl_studio.project import Project
from rl_studio.protocol.envelopes import ErrorInfo, Message
from rl_studio.protocol.export_messages import (
    ExportFailed,
    ExportFinished,
    ExportProgress,
    ExportResult,
    ExportStartParams,
)
from rl_studio.transport.clients import Clients

if TYPE_CHECKING:
    from rl_studio.export import ExportOptions
    from rl_studio.godot import GodotBinary

logger = logging.getLogger(__name__)


class Exporter(Protocol):
    """Exports policies and blocks until done, as `rl_studio.export.export_policies` does."""

    def __call__(
        self,
        project: Project,
        run_id: str,
        options: ExportOptions,
        *,
        progress: Callable[[str], None],
        cancel: threading.Event,
    ) -> dict[str, Any]: ...


class NoSuchExportError(StudioError):
    """There is no such export going."""

    code = "no_such_export"


@dataclass(frozen=True, slots=True)
class _Job:
    id: str
    params: ExportStartParams
    cancel: threading.Event = field(default_factory=threading.Event)


class Exports:
    """The exports that are going.

    Args:
        tasks: where they run.
        find_godot: finds the Godot that files are tried in, given what the user asked for or None.
        export: carries one out; None for the real one.
    """

    def __init__(
        self,
        project: Project,
        clients: Clients,
        tasks: TaskGroup,
        *,
        find_godot: Callable[[Path | str | None], GodotBinary],
        export: Exporter | None = None,
    ) -> None:
        self._project = project
        self._find_godot = find_godot
        self._clients = clients
        self._tasks = tasks
        self._export = export or _export
        self._jobs: dict[str, _Job] = {}
        self._numbers = itertools.count(1)

    @property
    def active(self) -> int:
        """How many are going."""
        return len(self._jobs)

    def start(self, params: ExportStartParams) -> str:
        """Starts an export and returns its id. It ends with export.finished or export.failed."""
        job = _Job(f"export-{next(self._numbers)}", params)
        self._jobs[job.id] = job
        self._tasks.start_soon(self._run, job)
        return job.id

    def cancel(self, export_id: str) -> None:
        """Cancels an export, which ends with export.failed.

        Raises:
            NoSuchExportError: it is over, or never was.
        """
        job = self._jobs.get(export_id)
        if job is None:
            raise NoSuchExportError(f"There is no export {export_id!r} going.")
        job.cancel.set()

    def cancel_all(self) -> None:
        """Cancels whatever is going."""
        for job in self._jobs.values():
            job.cancel.set()

    async def _run(self, job: _Job) -> None:
        outcome: ExportFinished | ExportFailed
        try:
            result = await anyio.to_thread.run_sync(lambda: self._work(job), abandon_on_cancel=True)
            outcome = ExportFinished(export_id=job.id, result=ExportResult.model_validate(result))
        except StudioError as error:
            outcome = _failed(job, error)
        except Exception as error:
            logger.exception("the export %s failed", job.id)
            known = storage.explain(error, self._project.root)
            unknown = StudioError("The export failed.", hint="The file .rl_studio/backend.log says more.")
            outcome = _failed(job, known or unknown)
        finally:
            job.cancel.set()  # if the backend leaves, the converter must leave, too
            del self._jobs[job.id]
        done = isinstance(outcome, ExportFinished)
        self._clients.emit("export.finished" if done else "export.failed", outcome)

    def _work(self, job: _Job) -> dict[str, Any]:
        def progress(message: str) -> None:
            data = ExportProgress(export_id=job.id, message=message)
            anyio.from_thread.run_sync(self._emit, "export.progress", data)

        return self._export(
            self._project,
            job.params.run_id,
            self._options(job.params, progress),
            progress=progress,
            cancel=job.cancel,
        )

    def _options(self, params: ExportStartParams, progress: Callable[[str], None]) -> ExportOptions:
        from rl_studio.export import ExportOptions

        chosen = params.model_dump(exclude={"run_id", "to"})
        if params.to is not None:
            chosen["to"] = params.to
        try:
            return ExportOptions(**chosen, godot=self._find_godot(None).path)
        except StudioError as error:
            logger.warning("no proof in Godot: %s", error)
            progress("There is no Godot: the proof goes without its runtime")
            return ExportOptions(**chosen)

    def _emit(self, event: str, data: Message) -> None:
        self._clients.emit(event, data)


def _failed(job: _Job, error: StudioError) -> ExportFailed:
    info = error.to_wire()
    if job.cancel.is_set():
        info["code"] = "cancelled"
    return ExportFailed(export_id=job.id, error=ErrorInfo(**info))


def _export(*args: Any, **options: Any) -> dict[str, Any]:
    from rl_studio.export import export_policies

    return export_policies(*args, **options)
