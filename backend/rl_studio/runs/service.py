"""The runs of one project, for the CLI and the backend alike. No server is needed: all state is on disk."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rl_studio.children import signals_wait
from rl_studio.project import Project
from rl_studio.runs import naming, pages
from rl_studio.runs.checkpoints import RunCheckpoint
from rl_studio.runs.describe import describe, same_but_for_time
from rl_studio.runs.disk import ProjectDisk
from rl_studio.runs.folder import RunFolder, RunMeta, is_run_id, list_folders
from rl_studio.runs.info import CheckpointInfo, LogPage, RunInfo, SamplePage
from rl_studio.runs.store import Ingested, Store
from rl_studio.runs.watch import StopPatience, Watcher
from rl_studio.storage import StorageError

if TYPE_CHECKING:
    from rl_studio.godot import GodotBinary
    from rl_studio.trainers import Trainer, TrainerRegistry

POLL_INTERVAL_S = 0.1
"""How often `wait` looks."""

RunInfos = list[RunInfo]
CheckpointInfos = list[CheckpointInfo]


def _find_godot(explicit: Path | str | None) -> GodotBinary:
    from rl_studio.godot import find_godot

    return find_godot(explicit)


def _note_import(binary: GodotBinary, project: Project, editor: Path) -> None:
    from rl_studio.godot import note_import

    note_import(binary, project, editor)


class RunService:
    """Starts, watches, stops and reads runs. Any number of services and processes may share a project.

    Nothing happens between calls: whoever wants to see a run's end, or wants a stubborn run to be killed, has
    to call `get`, `list` or `wait` again. One thread at a time may use a service. Close it when done.

    Args:
        project: where the runs are.
        trainers: the known trainers; None for all that are installed.
        patience: how long a stopping run gets.
        find_godot: finds Godot, given what the user asked for or None.
        now: gives Unix time.
    """

    def __init__(
        self,
        project: Project,
        *,
        trainers: TrainerRegistry | None = None,
        patience: StopPatience | None = None,
        find_godot: Callable[[Path | str | None], GodotBinary] = _find_godot,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.project = project
        self._trainers = trainers
        self.find_godot = find_godot
        self._now = now
        self._store = Store(project.database)
        self._watcher = Watcher(self._store, patience or StopPatience(), now)
        self._disk = ProjectDisk(project.root, self._store, self._watcher)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def trainers(self) -> TrainerRegistry:
        """The known trainers."""
        if self._trainers is None:
            from rl_studio.trainers import TrainerRegistry

            self._trainers = TrainerRegistry()
        return self._trainers

    @property
    def problem(self) -> StorageError | None:
        """What keeps runs of this project, or what they tell, from being saved now; None if nothing does."""
        return self._disk.problem

    def retry(self) -> None:
        """Writes what the disk did not take when it was full, as far as it does now; without that it costs nothing."""
        self._watcher.retry()

    def close(self) -> None:
        """Closes the database. Runs go on."""
        self.retry()
        self._store.close()

    def start(
        self,
        experiment: str = "default",
        *,
        overrides: Mapping[str, Any] | None = None,
        trainer: str | None = None,
        godot: Path | str | None = None,
        resume: RunCheckpoint | None = None,
        init_from: RunCheckpoint | None = None,
        imported_by: Path | str | None = None,
        look: Callable[[GodotBinary, str, Trainer], object] | None = None,
        on_start: Callable[[], object] = lambda: None,
    ) -> RunInfo:
        """Starts a run and returns at once.

        Args:
            experiment: name of an experiment; one never saved is all defaults.
            overrides: values on top of the experiment's, or of those of the run that is resumed.
            trainer: name of a trainer; None for the experiment's.
            godot: the Godot to use; None to find one.
            resume: a checkpoint to go on from, as if its run had never ended. Experiment, trainer and configuration
                are those of that run.
            init_from: a checkpoint whose policies the run begins with. Not together with `resume`.
            imported_by: the Godot whose editor has imported all files of the project as they are now.
            look: called with the Godot, the scene and the trainer before anything is started, if that plays a scene;
                what it raises is why the run does not start.
            on_start: called as soon as the process is there, before any signal that came meanwhile is handled.

        Raises:
            ConfigError: bad values, or some that may not change in a resumed run.
            TrainerError: no such trainer, or something that it needs is missing, or it cannot resume.
            GodotNotFoundError: no usable Godot.
            ProjectError, RunError: there is no scene or no such checkpoint, or the process could not be started.
        """
        from rl_studio.runs import launch  # whoever only reads runs needs no pydantic

        values = overrides or {}
        if resume is not None:
            experiment, checked = launch.check_resume(self.project, self.trainers, resume, values)
        else:
            checked = launch.check(self.project, self.trainers, experiment, trainer, values, init_from)
        binary = self.find_godot(godot)
        if imported_by is not None:
            _note_import(binary, self.project, Path(imported_by))
        if look is not None and getattr(checked.trainer, "plays_scene", False):
            launch.require_place(self.project)  # which takes no time to find out
            look(binary, checked.scene, checked.trainer)
        plan = launch.Plan(experiment, checked, binary.path, str(binary.version))
        with signals_wait():  # so that there is no process that nobody has noted
            folder, process = launch.launch(self.project, plan)
            self._watcher.adopt(folder, process)
            on_start()
        return self.get(folder.id)

    def stop(self, run_id: str) -> RunInfo:
        """Asks a run to save and stop, and returns at once; one that is over or stopping already stays as it is.

        It gets SIGINT now. If it does not leave, later calls of `get`, `list` or `wait` end it.

        Raises:
            RunError: no such run.
        """
        folder, _ = self._find(run_id)
        self.get(run_id)  # a run that ended unnoticed has ended, and was not stopped
        self._watcher.request_stop(folder)
        return self.get(run_id)

    def kill(self, run_id: str) -> RunInfo:
        """Ends a run and its games at once, without a checkpoint; a run that is over stays as it is.

        Raises:
            RunError: no such run.
        """
        folder, _ = self._find(run_id)
        self.get(run_id)
        self._watcher.kill(folder)
        return self.get(run_id)

    def get(self, run_id: str) -> RunInfo:
        """What is known about a run now.

        Raises:
            RunError: no such run.
        """
        folder, meta = self._find(run_id)
        return self._refresh(folder, meta)

    def list(self, limit: int | None = None) -> RunInfos:
        """The runs, newest first, at most `limit`. One with a damaged run.json is among them, as failed."""
        found: RunInfos = []
        for folder in list_folders(self.project.runs_dir):
            meta = folder.read_meta()
            if meta is not None:
                with suppress(FileNotFoundError):  # it was deleted in this moment
                    found.append(self._refresh(folder, meta))
            if limit is not None and len(found) >= limit:
                break
        return found

    def ids(self, *, besides: Collection[str] = ()) -> set[str]:
        """The ids of all runs that are not among `besides`; much cheaper than `list`."""
        folders = list_folders(self.project.runs_dir, besides=besides)
        return {folder.id for folder in folders if folder.is_run()}

    def ingest(self, run_id: str) -> int:
        """Reads what is new in the run's log; returns the number of the last sample.

        Raises:
            RunError: no such run.
        """
        return self.get(run_id).last_seq

    def samples(self, run_id: str, after_seq: int = 0, limit: int = 500) -> SamplePage:
        """The samples read from the log so far with a number above `after_seq`, at most `limit`.

        Raises:
            RunError: no such run.
        """
        folder, _ = self._find(run_id)
        return pages.sample_page(self._store, folder.id, after_seq, limit)

    def log(self, run_id: str, offset: int | None = None, limit: int = 65536) -> LogPage:
        """At most `limit` bytes of the log from `offset` on; None for the last ones.

        Raises:
            RunError: no such run.
        """
        folder, _ = self._find(run_id)
        return pages.log_page(folder, offset, limit)

    def log_size(self, run_id: str) -> int:
        """Bytes in the run's log; 0 if there is none."""
        return RunFolder(self.project.runs_dir / run_id).log_size() if is_run_id(run_id) else 0

    def checkpoints(self, run_id: str) -> CheckpointInfos:
        """The run's complete checkpoints, newest first.

        Raises:
            RunError: no such run.
        """
        folder, _ = self._find(run_id)
        return pages.list_checkpoints(folder)

    def folder(self, run_id: str) -> Path:
        """The run's folder.

        Raises:
            RunError: no such run.
        """
        return self._find(run_id)[0].path

    def resolve(self, name: str) -> str:
        """The id of the run that `name` means: an id, the beginning of just one id, or "latest".

        Raises:
            RunError: none, or more than one.
        """
        return naming.resolve(name, self.ids(), self.project.runs_dir)

    def wait(
        self,
        run_id: str,
        *,
        timeout: float | None = None,
        on_change: Callable[[RunInfo], None] | None = None,
    ) -> RunInfo:
        """Blocks until the run is over, or for `timeout` seconds, and returns what is known then.

        Args:
            on_change: called with each new state of things.

        Raises:
            RunError: no such run.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        last: RunInfo | None = None
        while True:
            info = self.get(run_id)
            if on_change is not None and not same_but_for_time(info, last):
                on_change(info)
            last = info
            if info.is_final or (deadline is not None and time.monotonic() >= deadline):
                return info
            time.sleep(POLL_INTERVAL_S)

    def _find(self, run_id: str) -> tuple[RunFolder, RunMeta]:
        folder = RunFolder(self.project.runs_dir / run_id)
        meta = folder.read_meta() if is_run_id(run_id) else None
        if meta is None:
            raise naming.no_run(run_id, self.ids())
        return folder, meta

    def _refresh(self, folder: RunFolder, meta: RunMeta) -> RunInfo:
        row: Ingested
        meta, row = self._watcher.refresh(folder, meta)
        info = describe(
            meta,
            row,
            checkpoints=pages.count_checkpoints(folder),
            now=self._now(),
            log_tail=lambda: pages.log_tail(folder),
        )
        problem = None if info.is_final else self.problem
        return info if problem is None else dataclasses.replace(info, message=problem.message)
