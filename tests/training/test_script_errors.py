"""Errors of a game's scripts in what Godot prints: found, grouped, counted, and told once they are new."""

from __future__ import annotations

from pathlib import Path

from rl_studio.godot import ErrorCounts, ErrorReader, PrintedError
from rl_studio_training.game_log import GameLog
from rl_studio_training.script_error_watch import PAUSE_S, ScriptErrorWatch

NULL = """SCRIPT ERROR: Invalid access to property or key 'name' on a base object of type 'Nil'.
          at: _over (res://walker.gd:12)
          GDScript backtrace (most recent call first):
              [0] _over (res://walker.gd:12)
              [1] _physics_process (res://walker.gd:30)
"""
ENGINE = """ERROR: Index p_index = 7 is out of bounds (size() = 3).
   at: operator[] (core/templates/cowdata.h:205)
   GDScript backtrace (most recent call first):
       [0] close_window (res://addons/rl_studio/runtime/rl_agent.gd:170)
       [1] _hit (res://enemy.gd:4)
"""
PUSHED = """ERROR: no target
   at: push_error (core/variant/variant_utility.cpp:1024)
   GDScript backtrace (most recent call first):
       [0] _ready (res://enemy.gd:9)
"""
CSHARP = """ERROR: System.NullReferenceException: Object reference not set to an instance of an object.
   at: void Puck._Process(double) (res://Puck.cs:21)
"""
OF_OTHERS = """ERROR: RL Studio: the game has been paused
   at: push_error (core/variant/variant_utility.cpp:1024)
   GDScript backtrace (most recent call first):
       [0] x (res://enemy.gd:9)
ERROR: Pages in use exist at exit in PagedAllocator
   at: ~PagedAllocator (./core/templates/paged_allocator.h:170)
ERROR: Condition "true" is true.
   at: x (core/x.cpp:1)
   GDScript backtrace (most recent call first):
       [0] close_window (res://addons/rl_studio/runtime/rl_agent.gd:170)
hello
"""


def read(text: str) -> list[PrintedError]:
    reader = ErrorReader()
    found = [error for line in text.splitlines() if (error := reader.take(line)) is not None]
    last = reader.end()
    return found if last is None else [*found, last]


def test_errors_of_scripts_are_found_with_their_line() -> None:
    assert [str(error) for error in read(OF_OTHERS + NULL + "hello\n" + ENGINE + PUSHED + CSHARP)] == [
        "res://walker.gd:12, in _over: Invalid access to property or key 'name' on a base object of type 'Nil'.",
        "res://enemy.gd:4, in _hit: Index p_index = 7 is out of bounds (size() = 3).",
        "res://enemy.gd:9, in _ready: no target",
        "res://Puck.cs:21, in void Puck._Process(double): "
        "System.NullReferenceException: Object reference not set to an instance of an object.",
    ]


def test_equal_ones_are_grouped_whatever_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "game.log"
    path.write_text(NULL * 3 + ENGINE + ENGINE.replace("7", "8"))
    log = GameLog(path)
    list(log.new_errors())
    counts = log.script_errors()
    assert (len(counts), counts.total) == (2, 5)
    assert sorted(count for _, count in counts) == [2, 3]
    assert log.script_errors().total == 0, "each is counted once"
    with path.open("a") as file:
        file.write(NULL)
    list(log.new_errors())
    assert log.script_errors().total == 1


def counts_of(error: PrintedError, count: int) -> ErrorCounts:
    found = ErrorCounts()
    found.add(error, count)
    return found


def test_a_new_kind_is_told_at_once_and_others_now_and_then() -> None:
    told: list[tuple[str, int]] = []
    now = [0.0]
    watch = ScriptErrorWatch(lambda message, count: told.append((message, count)), lambda: now[0])
    first, second = PrintedError("Division by zero.", "res://a.gd:1"), PrintedError("no target", "")
    watch.add(counts_of(first, 1))
    assert told == [("Error in a script of the game, res://a.gd:1: Division by zero.", 1)]
    watch.add(counts_of(first, 5))
    assert len(told) == 1
    watch.add(counts_of(second, 1))
    assert told[1:] == [(first.warning(), 5), ("Error in a script of the game: no target.", 1)]
    now[0] = PAUSE_S
    watch.add(counts_of(first, 2))
    assert told[-1] == (first.warning(), 2)
    watch.add(counts_of(first, 1))
    watch.flush()
    assert told[-1] == (first.warning(), 1)
    assert (
        watch.summary() == "There were 10 errors in the game's scripts, 2 different ones: see the warnings."
    )


def test_without_errors_nothing_is_said() -> None:
    watch = ScriptErrorWatch(lambda *_: None)
    watch.add(ErrorCounts())
    watch.flush()
    assert watch.summary() == ""


def test_a_flood_of_kinds_is_counted_and_not_kept() -> None:
    found = ErrorCounts()
    for number in range(500):
        found.add(PrintedError("x", f"res://a{number}.gd:1"))
    assert (found.total, len(found)) == (500, 50)
