"""The SQLite file behind `Store`: opened, given its tables, copied into memory, and judged when it fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

SCHEMA = 2
BUSY_TIMEOUT_S = 30.0

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

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR_SHORT_READ)
_OF_THE_DISK = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
)


def connect(path: Path) -> sqlite3.Connection:
    """Opens the database, with its tables.

    Raises:
        sqlite3.Error: it cannot be used.
    """
    connection = _open(str(path))
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if _version(connection) != SCHEMA:
            with begin(connection):
                _create_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def copy_in_memory(path: Path) -> sqlite3.Connection:
    """A database in memory with what can be read of that in `path`; with empty tables if nothing can."""
    memory = _open(":memory:")
    with suppress(sqlite3.Error), closing(_open(f"{path.absolute().as_uri()}?{_reading(path)}")) as disk:
        if _version(disk) == SCHEMA:
            disk.backup(memory)
            return memory
    memory.close()
    return empty_in_memory()


def empty_in_memory() -> sqlite3.Connection:
    """A database in memory, with its tables."""
    memory = _open(":memory:")
    _create_tables(memory)
    return memory


@contextmanager
def begin(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction, undone by any exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is no database of ours, or not whole, so that an empty one is to take its place."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return False
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _DAMAGE or code in _DAMAGE:
        return True
    if isinstance(error, sqlite3.OperationalError):
        return "no such table" in str(error) or "no such column" in str(error)
    return isinstance(error, sqlite3.DatabaseError)


def is_of_the_disk(error: sqlite3.Error) -> bool:
    """Whether the disk is full, read-only or broken: the file may be right."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK


def _open(name: str) -> sqlite3.Connection:
    is_uri = name.startswith("file:")
    return sqlite3.connect(
        name, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=is_uri
    )


def _reading(path: Path) -> str:
    """How to open a database that cannot be written.

    Without a journal beside it that is all of it, and SQLite, which wants to make one, must not.
    """
    journal = path.with_name(path.name + "-wal")
    return "mode=ro" if journal.exists() and journal.stat().st_size else "immutable=1"


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


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
