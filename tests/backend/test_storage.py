"""rl_studio.storage: the trouble that disks make, in words."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from disks import fill, read_only, small_disk, without_powers
from rl_studio import storage
from rl_studio.files import read_json, read_text, write_bytes_atomic, write_json_atomic, write_text
from rl_studio.godot import GodotBinary, ensure_imported, parse_version
from rl_studio.locks import locked
from rl_studio.project import Project
from rl_studio.storage import DiskFullError, ReadOnlyError, StorageError


def explained(error: BaseException, place: Path) -> StorageError:
    found = storage.explain(error, place)
    assert found is not None, error
    return found


def test_a_full_disk_keeps_the_old_file_whole_and_is_told_with_its_free_bytes(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        write_json_atomic(disk / "run.json", {"kept": 1})
        fill(disk)
        with pytest.raises(OSError, match="No space left") as caught:
            write_json_atomic(disk / "run.json", {"lost": "x" * 10_000})
        assert read_json(disk / "run.json") == {"kept": 1}
        assert {path.name for path in disk.iterdir()} == {"run.json", "filler"}
        problem = explained(caught.value, Path("/"))
        assert isinstance(problem, DiskFullError)
        assert problem.message == f"The disk is full: {disk} has 0 bytes free."
        assert ".rl_studio/runs" in str(problem.hint)
        assert storage.lack_of_room(disk) is not None


def test_a_disk_may_have_bytes_and_yet_take_no_more_files(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", files=3) as disk:
        (disk / "a").touch()
        (disk / "b").touch()
        with pytest.raises(OSError, match="No space left") as caught:
            write_bytes_atomic(disk / "c", b"")
        assert explained(caught.value, Path("/")).message == (
            f"The disk is full: {disk} has no room for more files, however small."
        )


def test_the_disk_of_temporary_files_may_be_the_full_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        with tempfile.TemporaryFile() as file, pytest.raises(OSError, match="No space left") as caught:
            file.write(b"x" * 100_000)
        assert explained(caught.value, tmp_path).message == f"The disk is full: {disk} has 0 bytes free."


def test_pytorch_numpy_and_sqlite_have_other_names_for_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        database = sqlite3.connect(disk / "studio.db")
        database.execute("CREATE TABLE a (b)")
        fill(disk, but=300_000)
        for write in (
            lambda: torch.save(torch.zeros(1_000_000), disk / "model.pt"),
            lambda: np.save(disk / "a.npy", np.zeros(1_000_000)),
            lambda: database.execute("INSERT INTO a VALUES (?)", ("x" * 1_000_000,)) and database.commit(),
        ):
            with pytest.raises((RuntimeError, OSError, sqlite3.Error)) as caught:
                write()
            assert isinstance(explained(caught.value, disk), DiskFullError)
            (disk / "model.pt").unlink(missing_ok=True)
            (disk / "a.npy").unlink(missing_ok=True)
        database.close()


def test_causes_are_looked_at_and_other_errors_are_left_alone(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    try:
        try:
            raise full
        except OSError as error:
            raise RuntimeError("it went wrong") from error
    except RuntimeError as error:
        assert isinstance(explained(error, tmp_path), DiskFullError)
    assert isinstance(explained(ExceptionGroup("several", [ValueError(), full]), tmp_path), DiskFullError)
    quota = explained(OSError(errno.EDQUOT, "Disk quota exceeded"), tmp_path)
    assert isinstance(quota, DiskFullError)
    assert f"nothing more can be written to {tmp_path}" in quota.message
    for other in (
        KeyError("disk"),
        FileNotFoundError(errno.ENOENT, "No such file", "a"),
        ConnectionResetError(),
    ):
        assert storage.explain(other, tmp_path) is None


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="takes limits as POSIX has them")
def test_a_file_that_may_not_grow_is_named(tmp_path: Path) -> None:
    code = (
        "import sys, resource; from pathlib import Path; from rl_studio import storage, files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); path = Path(sys.argv[1])\n"
        "try: files.write_bytes_atomic(path, b'x' * 2000)\n"
        "except OSError as error: print(storage.explain(error, Path('/')).message)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "run.json")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"{tmp_path / 'run.json'} cannot grow further")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="takes /proc/self/mem, which cannot be read")
def test_a_broken_disk_is_told_as_such() -> None:
    with pytest.raises(OSError) as caught:
        read_json(Path("/proc/self/mem"))
    assert caught.value.errno == errno.EIO
    assert "its disk reports an error" in explained(caught.value, Path("/proc/self/mem")).message


def test_a_read_only_disk_and_missing_permissions_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "a game"
    folder.mkdir()
    with read_only(folder):
        with pytest.raises(
            ReadOnlyError, match=r"The project cannot be written to: the disk of .* is read-only"
        ):
            storage.require_writable(folder / ".rl_studio" / "runs", "The project")
        with pytest.raises(OSError) as caught:
            write_bytes_atomic(folder / "a", b"")
        assert "is read-only" in explained(caught.value, Path("/")).message
    code = (
        "import sys; from pathlib import Path; from rl_studio import storage\n"
        "try: storage.require_writable(Path(sys.argv[1]), 'The project')\n"
        "except storage.ReadOnlyError as error: print(error.message, error.hint)"
    )
    folder.chmod(0o555)
    command = without_powers([sys.executable, "-c", code, str(folder)])
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "there is no permission to write to" in said
    assert f"chmod -R u+rwX '{folder}'" in said


def test_without_any_folder_for_temporary_files_tmpdir_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/nowhere']")
    found = explained(error, tmp_path)
    assert "/nowhere, which TMPDIR names" in found.message
    assert "TMPDIR" in str(found.hint)


def test_an_import_that_would_have_to_write_is_refused_before_godot_starts(project: Project) -> None:
    version = parse_version("4.6.3.stable.official.abc")
    assert version is not None
    godot = GodotBinary(Path("/nowhere/godot"), version, "option")
    with read_only(project.root), pytest.raises(ReadOnlyError):
        ensure_imported(godot, project)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_files_of_other_programs_are_read_and_changed_byte_by_byte(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "project.godot"
    path.write_bytes(start + b'config/name="Gr\xf6\xdfe"\nrun/main_scene="res://a.tscn"\n')
    project = Project.open(tmp_path)
    assert project.settings["run/main_scene"] == "res://a.tscn"
    write_text(path, read_text(path) + "more=1\n")
    assert path.read_bytes() == b'config/name="Gr\xf6\xdfe"\nrun/main_scene="res://a.tscn"\nmore=1\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_is_read_as_any_editor_writes_it(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.json").write_text('{"ä": "🎯"}', encoding=encoding)
    assert read_json(tmp_path / "a.json") == {"ä": "🎯"}


def test_names_of_files_that_are_no_text_survive_json(tmp_path: Path) -> None:
    name = os.fsdecode(b"Gr\xf6\xdfe")
    write_json_atomic(tmp_path / "a.json", {"project": name, "title": "Größe"})
    assert read_json(tmp_path / "a.json")["project"] == name


def test_one_process_at_a_time_is_in_a_locked_block(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rl_studio.locks import locked\n"
        "for _ in range(200):\n"
        "    with locked(Path(sys.argv[1])):\n"
        "        path = Path(sys.argv[1], 'count'); path.write_text(str(int(path.read_text()) + 1))"
    )
    (tmp_path / "count").write_text("0")
    workers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "600"
    with locked(tmp_path / "nowhere"):
        pass
