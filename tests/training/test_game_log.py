from __future__ import annotations

from pathlib import Path

from rl_studio_training import game_log
from rl_studio_training.game_log import GameLog


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    log = GameLog(tmp_path / "game.log")
    assert (log.last_lines(), list(log.new_errors())) == ([], [])


def test_errors_come_once_and_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "game.log"
    error = "SCRIPT ERROR: Division by zero.\n   at: _process (res://a.gd:3)\nhello\n"
    path.write_text("Godot Engine\n" + error)
    log = GameLog(path)
    wanted = ["SCRIPT ERROR: Division by zero.", "at: _process (res://a.gd:3)"]
    assert list(log.new_errors()) == wanted
    with path.open("a") as file:
        file.write(error + "ERROR: half a li")
    assert list(log.new_errors()) == []
    with path.open("a") as file:
        file.write("ne\n")
    assert list(log.new_errors()) == ["ERROR: half a line"]


def test_a_flood_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "game.log"
    path.write_text("".join(f"ERROR: number {number}\n" for number in range(1000)))
    found = list(GameLog(path).new_errors())
    assert len(found) == game_log.MAX_FORWARDED + 1
    assert found[-1] == "(more errors are in game.log)"


def test_a_huge_log_is_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "game.log"
    with path.open("ab") as file:
        file.truncate(game_log.MAX_LOG_BYTES)
        log = GameLog(path)
        list(log.new_errors())
        file.write(b"ERROR: after\n")
        file.flush()
        assert path.stat().st_size == len("ERROR: after\n")
        assert list(log.new_errors()) == ["ERROR: after"]


def test_the_last_lines_skip_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "game.log"
    path.write_bytes(b"x" * 50_000 + b"\none\n\ntwo \xff\n")
    assert GameLog(path).last_lines(2) == ["one", "two �"]
