from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rl_studio.files import read_json, set_aside, write_bytes_atomic, write_json_atomic


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json_atomic(path, {"kept": 1})
    with pytest.raises(ValueError):
        write_json_atomic(path, {"loss": float("nan")})
    assert read_json(path) == {"kept": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def test_a_write_that_cannot_be_renamed_leaves_no_litter(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.mkdir()
    with pytest.raises(OSError):
        write_bytes_atomic(folder, b"x")
    assert [item.name for item in tmp_path.iterdir()] == ["taken"]


def test_the_mode_is_set(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_bytes_atomic(path, b"token", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_set_aside_never_replaces_another(tmp_path: Path) -> None:
    kept = []
    for text in ("first", "second"):
        path = tmp_path / "a.json"
        path.write_text(text)
        kept.append(set_aside(path))
    assert [path.read_text() for path in kept] == ["first", "second"]
