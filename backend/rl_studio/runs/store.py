"""`studio.db`: the samples of all runs and how far each log was read, in SQLite.

Everything in it comes from the run folders, so it may be deleted at any time: a missing, damaged or foreign
database is replaced by an empty one, and the logs are read again. Several processes may use it at once.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rl_studio import storage
from rl_studio.disk_facts import is_writable
from rl_studio.files import set_aside
from rl_studio.metrics.numbers import is_count
from rl_studio.runs import database
from rl_studio.runs.progress import Progress
from rl_studio.storage import StorageError

logger = logging.getLogger(__name__)

RETRY_S = 5.0
"""How often a database in memory looks whether it can go back to its disk."""

_T = TypeVar("_T")
_PROGRESS_FIELDS = frozenset(item.name for item in dataclasses.fields(Progress))


@dataclass(frozen=True, slots=True)
class Ingested:
    """How far a run's log was read, and what it said.

    Attributes:
        log_offset: bytes read.
        skipping: the offset is inside of a line too long to be read.
        last_seq: number of the last sample, 0 if there is none.
        complete: the run is over and its log was read to the end.
    """

    log_offset: int = 0
    skipping: bool = False
    last_seq: int = 0
    complete: bool = False
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open write transaction; no other process writes until it is over."""

    _connection: sqlite3.Connection

    def ingested(self, run_id: str) -> Ingested:
        """The run's row as it is now; that of an unread log if there is none, or one that cannot be used."""
        row = _read_row(self._connection, run_id)
        if row is None:
            self.forget(run_id)
        return row or Ingested()

    def put(self, run_id: str, row: Ingested) -> None:
        """Replaces the run's row."""
        progress = json.dumps(dataclasses.asdict(row.progress))
        self._connection.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)",
            (run_id, row.log_offset, row.skipping, row.last_seq, row.complete, progress),
        )

    def add_samples(self, run_id: str, first_seq: int, samples: list[dict[str, Any]]) -> None:
        """Adds samples numbered from `first_seq` on."""
        rows = [
            (run_id, seq, _timesteps(sample), str(sample.get("timestamp") or ""), json.dumps(sample))
            for seq, sample in enumerate(samples, start=first_seq)
        ]
        self._connection.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?)", rows)

    def forget(self, run_id: str) -> None:
        """Removes the run's row and samples."""
        self._connection.execute("DELETE FROM samples WHERE run_id = ?", (run_id,))
        self._connection.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))


class Store:
    """The database of one project. Opened at first use; threads may share it. Close it when done.

    Where the disk is full, read-only or broken, all goes into memory: read from the logs again, at the next call of
    a program or after a while, as soon as the disk can be written to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._retry_at = 0.0
        self._lock = threading.RLock()
        self.problem: StorageError | None = None
        """Why everything is in memory; None if it is on the disk."""
        self.changes = 0
        """How often memory took the place of the disk, or the other way round."""

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                with suppress(sqlite3.Error):
                    self._connection.close()
                self._connection = None

    def ingested(self, run_id: str) -> Ingested | None:
        """The run's row; None if its log was never read, or what was noted of it cannot be used."""
        return self._use(lambda connection: _read_row(connection, run_id))

    def samples(self, run_id: str, after_seq: int, limit: int) -> list[tuple[int, str]]:
        """At most `limit` samples with a higher number than `after_seq`, as (seq, JSON text)."""

        def read(connection: sqlite3.Connection) -> list[tuple[int, str]]:
            return connection.execute(
                "SELECT seq, json FROM samples WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?",
                (run_id, after_seq, limit),
            ).fetchall()

        return self._use(read)

    def write(self, work: Callable[[Transaction], _T]) -> _T:
        """Calls `work` in a write transaction and returns what it returns; an exception undoes all it wrote.

        After the database was found damaged, or could not be written, `work` is called once more, with another one.
        """

        def run(connection: sqlite3.Connection) -> _T:
            with database.begin(connection):
                return work(Transaction(connection))

        return self._use(run)

    def _use(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            self._return_to_disk()
            try:
                return work(self._open())
            except sqlite3.Error as error:
                if database.is_damage(error):
                    self._discard(error)
                elif database.is_of_the_disk(error) and self.problem is None:
                    self._leave_disk(error)
                else:
                    raise
            try:
                return work(self._open())
            except sqlite3.Error as error:
                # Making a new one in place of a damaged one may be what there is no room for.
                if not database.is_of_the_disk(error) or self.problem is not None:
                    raise
                self._leave_disk(error)
                return work(self._open())

    def _open(self) -> sqlite3.Connection:
        # Another process may have replaced the file: what we hold open then is no longer the database.
        if self.problem is None and self._connection is not None and self._file_id() != self._inode:
            self.close()
        if self._connection is None and self.problem is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                self._leave_disk(error)
        if self._connection is None:
            self._connection = database.connect(self._path)
            self._inode = self._file_id()
        return self._connection

    def _leave_disk(self, error: sqlite3.Error | OSError) -> None:
        """Goes on in memory."""
        self.close()
        self.problem = storage.describe(error, self._path)
        self.changes += 1
        self._retry_at = time.monotonic() + RETRY_S
        self._connection = database.copy_in_memory(self._path)
        logger.info("%s is in memory for now: %s", self._path, self.problem)

    def _return_to_disk(self) -> None:
        """Leaves memory, now and then, if it looks as if the disk could be written again."""
        if self.problem is None or time.monotonic() < self._retry_at:
            return
        self._retry_at = time.monotonic() + RETRY_S
        if not is_writable(self._path.parent) or storage.lack_of_room(self._path) is not None:
            return
        if self._path.exists() and not is_writable(self._path):
            return
        self.close()
        self.problem = None
        self.changes += 1

    def _file_id(self) -> int:
        try:
            return self._path.stat().st_ino
        except OSError:
            return -1

    def _discard(self, error: sqlite3.Error) -> None:
        opened = self._inode
        self.close()
        if self.problem is not None:
            self._connection = database.empty_in_memory()
            return
        if opened not in (0, self._file_id()):
            return  # somebody else has replaced it already
        try:
            with suppress(FileNotFoundError):
                aside = set_aside(self._path)
                logger.warning(
                    "%s is damaged (%s); it is now %s and is made anew", self._path, error, aside.name
                )
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError as reason:
            self._leave_disk(reason)


def _read_row(connection: sqlite3.Connection, run_id: str) -> Ingested | None:
    row = connection.execute(
        "SELECT log_offset, skipping, last_seq, complete, progress FROM runs WHERE run_id = ?", (run_id,)
    ).fetchone()
    if row is None:
        return None
    try:
        known = {key: value for key, value in json.loads(row[4]).items() if key in _PROGRESS_FIELDS}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None  # the log says it all once more
    return Ingested(row[0], bool(row[1]), row[2], bool(row[3]), Progress(**known))


def _timesteps(sample: dict[str, Any]) -> int | None:
    value = sample.get("timesteps_total")
    return int(value) if is_count(value) else None
