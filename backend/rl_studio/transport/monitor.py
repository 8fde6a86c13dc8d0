"""Watches the runs: those going several times a second, the folder for new ones once a second."""

from __future__ import annotations

import logging
import sqlite3

import anyio

from rl_studio.protocol.session import run_changed
from rl_studio.runs import RunError, RunInfo, RunService
from rl_studio.runs.describe import same_but_for_time
from rl_studio.runs.folder import UNREADABLE
from rl_studio.transport.clients import Clients
from rl_studio.transport.worker import Worker

logger = logging.getLogger(__name__)

ACTIVE_INTERVAL_S = 0.15
IDLE_INTERVAL_S = 1.0


class Monitor:
    """Tells all clients about each change of each run, whoever made it."""

    def __init__(self, service: RunService, clients: Clients, worker: Worker) -> None:
        self._service = service
        self._clients = clients
        self._worker = worker
        self._runs: dict[str, RunInfo] = {}
        self._log_sizes: dict[str, int] = {}
        self._faulty: set[str] = set()
        self._kick = anyio.Event()

    @property
    def _to_scan(self) -> set[str]:
        """Runs that are looked at with each scan: what is wrong with them may be mended."""
        return {run_id for run_id, info in self._runs.items() if info.reason == UNREADABLE}

    @property
    def active(self) -> list[str]:
        """The runs that are going, as far as is known."""
        return [run_id for run_id, info in self._runs.items() if not info.is_final]

    def kick(self) -> None:
        """Makes the monitor look now: something was started or stopped."""
        self._kick.set()

    async def run(self) -> None:
        """Watches until cancelled."""
        last_scan = -IDLE_INTERVAL_S
        while True:
            kicked = self._kick.is_set()
            if kicked:
                self._kick = anyio.Event()
            for run_id in self.active:
                await self._look(run_id)
            now = anyio.current_time()
            if kicked or now - last_scan >= IDLE_INTERVAL_S:
                last_scan = now
                await self._scan()
            with anyio.move_on_after(ACTIVE_INTERVAL_S if self.active else IDLE_INTERVAL_S):
                await self._kick.wait()

    async def _scan(self) -> None:
        try:
            await self._worker.call(self._service.retry)
            new = await self._worker.call(lambda: self._service.ids(besides=self._runs.keys()))
        except OSError:
            logger.exception("the runs folder cannot be read")
            return
        for run_id in sorted(new | self._to_scan):
            await self._look(run_id)

    async def _look(self, run_id: str) -> None:
        try:
            info, size = await self._worker.call(lambda: self._read(run_id))
        except RunError:
            self._runs.pop(run_id, None)  # somebody deleted it
            return
        except (OSError, sqlite3.Error):
            # Disk full, say. The next look may go better; one line per look would fill the disk for good.
            logger.debug("run %s cannot be read now", run_id, exc_info=True)
            return
        except Exception:
            # A fault of ours, or a run like no other: the others are watched all the same.
            if run_id not in self._faulty:
                self._faulty.add(run_id)
                logger.exception("run %s cannot be watched", run_id)
            return
        before = self._runs.get(run_id)
        self._runs[run_id] = info
        if before is None or info.last_seq != before.last_seq or size != self._log_sizes.get(run_id):
            self._log_sizes[run_id] = size
            self._clients.touch(run_id)
        if not same_but_for_time(info, before):
            self._clients.emit("run.changed", run_changed(info))

    def _read(self, run_id: str) -> tuple[RunInfo, int]:
        # The size first: what is written in between is then seen as new at the next look.
        size = self._service.log_size(run_id)
        return self._service.get(run_id), size
