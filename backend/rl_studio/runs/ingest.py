"""Reads the logs of runs into the store, each line exactly once."""

from __future__ import annotations

import dataclasses
import logging

from rl_studio.metrics import LineParser
from rl_studio.runs.folder import RunFolder
from rl_studio.runs.store import Ingested, Store, Transaction

logger = logging.getLogger(__name__)

CHUNK = 1024 * 1024
"""Bytes of log per transaction; more than the longest line, so that each transaction gets on."""


class Ingester:
    """Reads logs into one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, tuple[int, int]] = {}
        """Run → size of the log when it was last read, and by which database; an unfinished line is not read over and
        over."""

    def ingest(self, folder: RunFolder, *, final: bool = False) -> Ingested:
        """Reads what is new in the log.

        Samples and the offset are committed together, and the offset is read in that same transaction, so no
        sample is lost or doubled however many processes do this at once and whichever of them is killed.

        Args:
            folder: the run.
            final: the run's process is gone, so the log ends where it ends, even in the middle of a line.

        Returns:
            How far the log is read now.
        """
        row = self._store.ingested(folder.id)
        if row is not None and row.complete:
            return row
        try:
            size = folder.log_size()
        except OSError as error:
            logger.warning("%s cannot be read: %s", folder.log_file, error)
            return row or Ingested()
        if row is not None and not final and (size == row.log_offset or self._has_seen(folder, size)):
            return row
        at_end = False
        while not at_end or row is None:
            row, at_end = self._store.write(lambda transaction: _ingest_chunk(transaction, folder, final))
        self._seen[folder.id] = (size, self._store.changes)
        return row

    def _has_seen(self, folder: RunFolder, size: int) -> bool:
        return self._seen.get(folder.id) == (size, self._store.changes)


def _ingest_chunk(transaction: Transaction, folder: RunFolder, final: bool) -> tuple[Ingested, bool]:
    row = transaction.ingested(folder.id)
    if folder.log_size() < row.log_offset:
        # The log was replaced by a shorter one. What was read from the old one is not in the folder any more.
        transaction.forget(folder.id)
        row = Ingested()
    data = _read(folder, row.log_offset, CHUNK)
    if data is None:
        return row, True
    at_end = len(data) < CHUNK
    parser = LineParser(skipping=row.skipping)
    records, consumed = parser.feed(data, final=final and at_end)
    progress = row.progress
    for record in records:
        progress = progress.after(record)
    samples = [record.data for record in records if record.kind == "metric"]
    if samples:
        transaction.add_samples(folder.id, row.last_seq + 1, samples)
    after = dataclasses.replace(
        row,
        log_offset=row.log_offset + consumed,
        skipping=parser.skipping,
        last_seq=row.last_seq + len(samples),
        complete=final and at_end,
        progress=progress,
    )
    if after != row:
        transaction.put(folder.id, after)
    return after, at_end


def _read(folder: RunFolder, offset: int, size: int) -> bytes | None:
    """A piece of the log; None if it cannot be read, as on a broken disk, which is no reason to forget the rest."""
    try:
        with folder.log_file.open("rb") as log:
            log.seek(offset)
            return log.read(size)
    except FileNotFoundError:
        return b""
    except OSError as error:
        logger.warning("%s cannot be read: %s", folder.log_file, error)
        return None
