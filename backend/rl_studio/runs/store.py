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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rl_studio.files import set_aside
from rl_studio.runs.progress import Progress

logger = logging.getLogger(__name__)

SCHEMA = 2
BUSY_TIMEOUT_S = 30.0

_T = TypeVar("_T")
_TABLES = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    log_offset INTEGER NOT NULL, skipping INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    complete INTEGER NOT NULL, progress TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE samples (
    run_id TEXT NOT NULL, seq INTEGER NOT NULL, timesteps INTEGER, timestamp TEXT, json TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;
"""
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
        """The run's row as it is now; that of an unread log if there is none."""
        return _read_row(self._connection, run_id) or Ingested()

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
    """The database of one project. Opened at first use; threads may share it. Close it when done."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._lock = threading.RLock()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def ingested(self, run_id: str) -> Ingested | None:
        """The run's row; None if its log was never read."""
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

        After the database was found damaged `work` is called once more, with an empty one.
        """

        def run(connection: sqlite3.Connection) -> _T:
            with _begin(connection):
                return work(Transaction(connection))

        return self._use(run)

    def _use(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._lock:
            try:
                return work(self._open())
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._discard(error)
                return work(self._open())

    def _open(self) -> sqlite3.Connection:
        # Another process may have replaced the file: what we hold open then is no longer the database.
        if self._connection is not None and self._file_id() != self._inode:
            self.close()
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(self._path)
            self._inode = self._file_id()
        return self._connection

    def _file_id(self) -> int:
        try:
            return self._path.stat().st_ino
        except FileNotFoundError:
            return -1

    def _discard(self, error: sqlite3.DatabaseError) -> None:
        opened = self._inode
        self.close()
        if opened not in (0, self._file_id()):
            return  # somebody else has replaced it already
        with suppress(FileNotFoundError):
            aside = set_aside(self._path)
            logger.warning("%s is damaged (%s); it is now %s and is made anew", self._path, error, aside.name)
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if _version(connection) != SCHEMA:
            with _begin(connection):
                _create_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _create_tables(connection: sqlite3.Connection) -> None:
    if _version(connection) == SCHEMA:
        return  # another process was faster
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in tables:
        if not name.startswith("sqlite_"):
            quoted = '"' + name.replace('"', '""') + '"'
            connection.execute(f"DROP TABLE {quoted}")
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


@contextmanager
def _begin(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _read_row(connection: sqlite3.Connection, run_id: str) -> Ingested | None:
    row = connection.execute(
        "SELECT log_offset, skipping, last_seq, complete, progress FROM runs WHERE run_id = ?", (run_id,)
    ).fetchone()
    if row is None:
        return None
    known = {key: value for key, value in json.loads(row[4]).items() if key in _PROGRESS_FIELDS}
    return Ingested(row[0], bool(row[1]), row[2], bool(row[3]), Progress(**known))


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return False
    if isinstance(error, sqlite3.OperationalError):
        text = str(error)
        return "no such table" in text or "no such column" in text or "disk I/O error" in text
    return True


def _timesteps(sample: dict[str, Any]) -> int | None:
    value = sample.get("timesteps_total")
    return int(value) if isinstance(value, int | float) else None
