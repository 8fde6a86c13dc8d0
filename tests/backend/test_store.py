"""rl_studio.runs.store and .ingest: each line of a log exactly once, whatever happens to the database."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rl_studio.runs.database import SCHEMA
from rl_studio.runs.folder import RunFolder
from rl_studio.runs.ingest import CHUNK, Ingester
from rl_studio.runs.store import Ingested, Store, Transaction


def metric(number: int) -> bytes:
    return b"@METRIC " + json.dumps({"timesteps_total": number}).encode() + b"\n"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    path = tmp_path / "runs" / "r1"
    path.mkdir(parents=True)
    return RunFolder(path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "studio.db")
    yield store
    store.close()


def append(folder: RunFolder, data: bytes) -> None:
    with folder.log_file.open("ab") as log:
        log.write(data)


def numbers(store: Store, run_id: str = "r1") -> list[int]:
    rows = store.samples(run_id, 0, 10**6)
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
    return [json.loads(text)["timesteps_total"] for _, text in rows]


def test_a_log_that_grows_is_read_piece_by_piece(store: Store, folder: RunFolder) -> None:
    ingester = Ingester(store)
    assert ingester.ingest(folder).last_seq == 0
    append(folder, metric(1) + metric(2)[:9])
    assert ingester.ingest(folder).last_seq == 1
    append(folder, metric(2)[9:])
    row = ingester.ingest(folder)
    assert (row.last_seq, row.log_offset) == (2, folder.log_size())
    assert row.progress.timesteps == 2
    assert numbers(store) == [1, 2]


def test_a_log_of_many_chunks_is_read_at_once(store: Store, folder: RunFolder) -> None:
    filler = b"x" * 1000 + b"\n"
    append(folder, b"".join(metric(n) + filler * 500 for n in range(5)))
    assert folder.log_size() > 2 * CHUNK
    assert Ingester(store).ingest(folder).last_seq == 5
    assert numbers(store) == [0, 1, 2, 3, 4]


def test_an_endless_line_is_read_over(store: Store, folder: RunFolder) -> None:
    append(folder, metric(1) + b"x" * (2 * CHUNK + 7))
    row = Ingester(store).ingest(folder)
    assert (row.skipping, row.progress.warnings) == (True, 1)
    append(folder, b"x\n" + metric(2))
    assert not Ingester(store).ingest(folder).skipping
    assert numbers(store) == [1, 2]


def test_the_last_line_of_a_run_that_is_over_counts(store: Store, folder: RunFolder) -> None:
    append(folder, metric(1) + metric(2)[:-1])
    ingester = Ingester(store)
    assert ingester.ingest(folder).last_seq == 1
    row = ingester.ingest(folder, final=True)
    assert (row.last_seq, row.complete) == (2, True)
    assert ingester.ingest(folder, final=True) == row


def test_a_log_replaced_by_a_shorter_one_is_read_anew(store: Store, folder: RunFolder) -> None:
    append(folder, metric(1) + metric(2))
    Ingester(store).ingest(folder)
    folder.log_file.write_bytes(metric(9))
    Ingester(store).ingest(folder)
    assert numbers(store) == [9]


def test_a_run_without_a_log_has_no_samples(store: Store, folder: RunFolder) -> None:
    assert Ingester(store).ingest(folder, final=True).complete
    assert numbers(store) == []


def test_an_error_undoes_the_whole_transaction(store: Store) -> None:
    def work(transaction: Transaction) -> None:
        transaction.add_samples("r1", 1, [{"a": 1}])
        transaction.put("r1", Ingested(log_offset=5))
        raise KeyError

    with pytest.raises(KeyError):
        store.write(work)
    assert store.ingested("r1") is None
    assert store.samples("r1", 0, 10) == []


def test_samples_come_in_pages(store: Store) -> None:
    store.write(lambda transaction: transaction.add_samples("r1", 1, [{"n": n} for n in range(10)]))
    assert [seq for seq, _ in store.samples("r1", 4, 3)] == [5, 6, 7]


@pytest.mark.parametrize("damage", [b"", b"not a database" * 1000, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_damaged_database_is_set_aside_and_made_anew(
    tmp_path: Path, folder: RunFolder, damage: bytes
) -> None:
    path = tmp_path / "studio.db"
    path.write_bytes(damage)
    append(folder, metric(1) + metric(2))
    store = Store(path)
    Ingester(store).ingest(folder)
    assert numbers(store) == [1, 2]
    store.close()
    aside = [item.read_bytes() for item in tmp_path.glob("studio.db.corrupt*")]
    assert aside == ([damage] if damage else [])


def test_a_database_damaged_while_it_is_open_is_made_anew(tmp_path: Path, folder: RunFolder) -> None:
    append(folder, b"".join(metric(n) for n in range(2000)))
    store = Store(tmp_path / "studio.db")
    Ingester(store).ingest(folder)
    store.close()
    data = bytearray((tmp_path / "studio.db").read_bytes())
    data[4096 * 2 :] = b"\xaa" * (len(data) - 4096 * 2)
    (tmp_path / "studio.db").write_bytes(data)
    append(folder, metric(2000))
    ingester = Ingester(store)
    ingester.ingest(folder)
    if not numbers_or_nothing(store):
        ingester = Ingester(store)
        ingester.ingest(folder)
    assert numbers(store) == list(range(2001))
    store.close()


def numbers_or_nothing(store: Store) -> list[int]:
    """The samples; reading them may be what finds the damage, and then there are none."""
    return numbers(store)


def test_a_database_of_another_schema_is_emptied(tmp_path: Path, folder: RunFolder) -> None:
    path = tmp_path / "studio.db"
    old = sqlite3.connect(path)
    old.executescript(
        f'CREATE TABLE runs (x); CREATE TABLE "odd ""name" (y); PRAGMA user_version = {SCHEMA + 1}'
    )
    old.close()
    append(folder, metric(1))
    store = Store(path)
    Ingester(store).ingest(folder)
    assert numbers(store) == [1]
    store.close()


def test_a_database_deleted_while_it_is_open_is_made_anew(
    store: Store, folder: RunFolder, tmp_path: Path
) -> None:
    append(folder, metric(1))
    Ingester(store).ingest(folder)
    for path in tmp_path.glob("studio.db*"):
        path.unlink()
    Ingester(store).ingest(folder)
    assert numbers(store) == [1]


INGESTING = """
import sys
from pathlib import Path
from rl_studio.runs.folder import RunFolder
from rl_studio.runs.ingest import Ingester
from rl_studio.runs.store import Store
store, folder = Store(Path(sys.argv[1])), RunFolder(Path(sys.argv[2]))
sys.stdout.write("up\\n"); sys.stdout.flush()
while Ingester(store).ingest(folder).last_seq < int(sys.argv[3]):
    pass
"""


def test_processes_that_read_the_same_log_at_once_double_nothing(
    store: Store, folder: RunFolder, tmp_path: Path
) -> None:
    count = 400
    command = [sys.executable, "-c", INGESTING, str(tmp_path / "studio.db"), str(folder.path), str(count)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for reader in readers:
        assert reader.stdout is not None
        reader.stdout.readline()
    for number in range(count):
        append(folder, metric(number)[:5])
        append(folder, metric(number)[5:])
    for reader in readers:
        assert reader.wait(60) == 0
        assert reader.stdout is not None
        reader.stdout.close()
    assert numbers(store) == list(range(count))
