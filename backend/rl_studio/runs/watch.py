"""Keeps `run.json` true: sees runs start to train, end, vanish, and ends those that were asked to stop."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from rl_studio import storage
from rl_studio.runs import processes
from rl_studio.runs.folder import RunFolder, RunMeta, format_time, warnings_of
from rl_studio.runs.ingest import Ingester
from rl_studio.runs.pages import log_tail
from rl_studio.runs.state import RunState, Verdict, check_transition, judge
from rl_studio.runs.store import Ingested, Store
from rl_studio.storage import StorageError

logger = logging.getLogger(__name__)

START_GRACE_S = 15.0
"""How long a run may be without a process; starting one takes a moment."""


@dataclass(frozen=True, slots=True)
class StopPatience:
    """Seconds that a stopping run gets.

    Attributes:
        interrupt: from SIGINT, which lets it save, to SIGTERM.
        terminate: from SIGTERM, sent to all its processes, to SIGKILL.
    """

    interrupt: float = 30.0
    terminate: float = 10.0


class Watcher:
    """Brings what is known about runs up to date. Any number of processes may do so at once.

    Args:
        now: gives Unix time.
    """

    def __init__(self, store: Store, patience: StopPatience, now: Callable[[], float]) -> None:
        self._store = store
        self._ingester = Ingester(store)
        self._patience = patience
        self._now = now
        self._children: dict[str, processes.DetachedProcess] = {}
        self._terminated: set[str] = set()
        self._unwritten: dict[str, tuple[RunFolder, RunMeta]] = {}
        self._problem: StorageError | None = None

    @property
    def problem(self) -> StorageError | None:
        """Why changes of runs are not written; None if there are none that are not."""
        return self._problem if self._unwritten else None

    def retry(self) -> None:
        """Tries again to write what could not be written; does nothing if all was."""
        for folder, _ in list(self._unwritten.values()):
            if not folder.is_run():
                del self._unwritten[folder.id]
                continue
            with suppress(FileNotFoundError):  # it was deleted in this moment
                self._update(folder, lambda known: known)

    def adopt(self, folder: RunFolder, process: processes.DetachedProcess) -> None:
        """Takes a child of ours as the run's process; everybody can find it then."""
        self._children[folder.id] = process
        meta = self._note_process(folder, process.pid)
        self._interrupt(folder, meta)

    def _note_process(self, folder: RunFolder, pid: int) -> RunMeta:
        def change(meta: RunMeta) -> RunMeta:
            if meta.pid is not None:
                return meta
            return dataclasses.replace(meta, pid=pid, process_created=processes.creation_time(pid))

        return self._update(folder, change)

    def refresh(self, folder: RunFolder, meta: RunMeta) -> tuple[RunMeta, Ingested]:
        """Reads the log, looks at the process, and records what changed.

        Args:
            folder: the run.
            meta: what its run.json says.

        Returns:
            What run.json says now, and what is known from the log.
        """
        if folder.id in self._unwritten:
            meta = self._update(folder, lambda known: known)
        exit_code = self._reap(folder.id)
        if RunState(meta.state).is_final:
            row = self._ingester.ingest(folder, final=True)
            return self._add_exit_code(folder, meta, row, exit_code), row
        # The order matters: whatever a process wrote before it was found gone is then in the log.
        meta, alive = self._look(folder, meta)
        row = self._ingester.ingest(folder)
        if not alive:
            return self._conclude(folder, exit_code if exit_code is not None else self._reap(folder.id))
        if meta.state == RunState.STARTING and row.progress.started:
            meta = self.change(folder, RunState.RUNNING)
        if meta.state == RunState.STOPPING:
            self._press(folder, meta)
        return meta, row

    def request_stop(self, folder: RunFolder) -> RunMeta:
        """Marks a run as stopping and interrupts it, unless it has ended or was asked to stop before.

        A second interrupt would end a trainer that is saving.
        """
        before = folder.read_meta()
        meta = self.change(folder, RunState.STOPPING)
        if meta.problem is not None:
            # Nobody knows what it is to be doing, but it may be going on.
            for member in processes.members(folder.path)[:1]:
                processes.interrupt(member)
        elif before is None or before.state != RunState.STOPPING:
            self._interrupt(folder, meta)
        return meta

    def _interrupt(self, folder: RunFolder, meta: RunMeta) -> None:
        if meta.state == RunState.STOPPING and meta.pid is not None:
            process = processes.find(meta.pid, meta.process_created, folder.path)
            if process is not None:
                logger.info("interrupting run %s", folder.id)
                processes.interrupt(process)

    def kill(self, folder: RunFolder) -> None:
        """Ends all processes of a run at once, and marks it as stopped by that, unless it has ended."""
        if self.change(folder, RunState.STOPPING).state == RunState.STOPPING:
            logger.info("killing run %s", folder.id)
            processes.end_all(processes.members(folder.path), kill=True)

    def change(self, folder: RunFolder, state: RunState) -> RunMeta:
        """Moves a run into a state that is not final, unless it is there already, beyond it, or over."""

        def change(meta: RunMeta) -> RunMeta:
            old = RunState(meta.state)
            if old.is_final or old is state or (old, state) == (RunState.STOPPING, RunState.RUNNING):
                return meta
            check_transition(old, state)
            requested = self._now() if state is RunState.STOPPING else meta.stop_requested
            return dataclasses.replace(meta, state=state.value, stop_requested=requested)

        return self._update(folder, change)

    def _update(self, folder: RunFolder, change: Callable[[RunMeta], RunMeta]) -> RunMeta:
        """Replaces run.json by what `change` makes of it.

        Where it cannot be written the change lasts as long as this watcher, and is written when it can be.
        """
        with folder.locked():
            known = written = _must_read(folder)
            if folder.id in self._unwritten and not RunState(written.state).is_final:
                known = self._unwritten[folder.id][1]
            if known.problem is not None:
                return known  # its file is left as it is
            meta = change(known)
            self._unwritten.pop(folder.id, None)
            if meta == written:
                return meta
            try:
                folder.write_meta(meta)
            except OSError as error:
                self._unwritten[folder.id] = (folder, meta)
                self._problem = storage.describe(error, folder.path)
                logger.debug("%s", self._problem)
            return meta

    def _reap(self, run_id: str) -> int | None:
        child = self._children.get(run_id)
        if child is None:
            return None
        code = child.poll()
        if code is not None:
            del self._children[run_id]
        return code

    def _look(self, folder: RunFolder, meta: RunMeta) -> tuple[RunMeta, bool]:
        """Whether the run's process lives. One never noted is found by what it inherited."""
        if meta.pid is not None:
            return meta, processes.find(meta.pid, meta.process_created, folder.path) is not None
        if self._now() - meta.created_time < START_GRACE_S:
            return meta, True
        found = processes.members(folder.path)
        if not found:
            return meta, False
        return self._note_process(folder, found[0].pid), True

    def _conclude(self, folder: RunFolder, exit_code: int | None) -> tuple[RunMeta, Ingested]:
        processes.end_all(processes.members(folder.path), kill=True)
        folder.sweep()

        def change(meta: RunMeta) -> RunMeta:
            if RunState(meta.state).is_final:
                return meta
            verdict = self._judge(folder, meta, self._store.ingested(folder.id) or Ingested(), exit_code)
            check_transition(RunState(meta.state), verdict.state)
            ended = format_time(datetime.fromtimestamp(self._end_time(folder, meta), UTC))
            logger.info("run %s ended: %s (%s)", folder.id, verdict.state, verdict.reason)
            return dataclasses.replace(
                meta,
                state=verdict.state.value,
                reason=verdict.reason,
                exit_code=exit_code,
                ended=ended,
                warnings=warnings_of(row.progress.warned),
            )

        row = self._ingester.ingest(folder, final=True)
        return self._update(folder, change), row

    def _end_time(self, folder: RunFolder, meta: RunMeta) -> float:
        """When the run ended: nobody may have been there, but the log's last change is never far from it."""
        try:
            written = folder.log_file.stat().st_mtime
        except OSError:
            return self._now()
        return min(self._now(), max(written, meta.created_time))

    def _judge(self, folder: RunFolder, meta: RunMeta, row: Ingested, exit_code: int | None) -> Verdict:
        if meta.pid is None:
            return Verdict(RunState.FAILED, "not_started")
        requested = meta.stop_requested is not None
        return judge(row.progress, stop_requested=requested, exit_code=exit_code, log_tail=log_tail(folder))

    def _add_exit_code(
        self, folder: RunFolder, meta: RunMeta, row: Ingested, exit_code: int | None
    ) -> RunMeta:
        """Notes the exit code of a child whose end somebody else had noticed first."""
        if exit_code is None or meta.exit_code is not None:
            return meta

        def change(known: RunMeta) -> RunMeta:
            verdict = self._judge(folder, known, row, exit_code)
            reason = verdict.reason if verdict.state.value == known.state else known.reason
            return dataclasses.replace(known, exit_code=exit_code, reason=reason)

        return self._update(folder, change)

    def _press(self, folder: RunFolder, meta: RunMeta) -> None:
        waited = self._now() - (meta.stop_requested or 0.0)
        if waited < self._patience.interrupt:
            return
        kill = waited >= self._patience.interrupt + self._patience.terminate
        if not kill and folder.id in self._terminated:
            return
        self._terminated.add(folder.id)
        logger.warning(
            "run %s did not stop in %.0f s: %s", folder.id, waited, "SIGKILL" if kill else "SIGTERM"
        )
        processes.end_all(processes.members(folder.path), kill=kill)


def _must_read(folder: RunFolder) -> RunMeta:
    meta = folder.read_meta()
    if meta is None:
        raise FileNotFoundError(f"{folder.meta_file} is gone")
    return meta
