"""Games that do not answer: what is said of them, and when."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest

from rl_studio_training import stall_watch
from rl_studio_training.errors import GameStartError, GameTimeoutError
from rl_studio_training.printed_errors import without_numbers
from rl_studio_training.stall_watch import StallWatch
from rl_studio_training.unrepeated import Unrepeated
from training.conftest import MakeFleet, MakeGame, wait_until
from training.fleet_steps import pids, step

linux = pytest.mark.skipif(sys.platform != "linux", reason="signals, and what only Linux tells")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_game_that_is_silent_is_told_of_after_a_while_and_then_every_so_often(make_game: MakeGame) -> None:
    clock, said = Clock(), list[str]()
    watch = StallWatch("Game 0", make_game().game, said.append, clock)
    watch.has_connected = True
    for _ in range(300):
        watch.look()
        clock.now += 0.1
    times = [int(re.findall(r"not answered for (\d+) s: ", text)[0]) for text in said]
    assert times == [5, 15, 25]
    watch.heard()
    assert re.search(r"Game 0 goes on after \d+ s\.", said.pop())
    watch.look()
    clock.now += 4.0
    watch.look()
    watch.heard()
    assert len(said) == 3, "a short silence is nothing to talk about"


def test_a_game_that_says_what_it_waits_for_is_not_silent(make_game: MakeGame) -> None:
    clock, said = Clock(), list[str]()
    watch = StallWatch("Game 0", make_game().game, said.append, clock)
    for _ in range(100):
        watch.look()
        clock.now += 1.0
        watch.heard()
    assert said == []


def test_of_a_game_in_the_editor_nothing_can_be_seen() -> None:
    clock, said = Clock(), list[str]()
    watch = StallWatch("The game", None, said.append, clock)
    for _ in range(10):
        watch.look()
        clock.now += 1.0
    assert said == [], "as long as it has not connected, somebody has to press Play"
    watch.has_connected = True
    watch.look()
    clock.now += 6.0
    watch.look()
    assert "breakpoint in the editor" in said[0]


@linux
@pytest.mark.parametrize(("mode", "words"), [("busy", "a script runs without end"), ("hang", "it sleeps")])
def test_a_hang_is_named_within_seconds_and_in_the_error(
    make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch, mode: str, words: str
) -> None:
    monkeypatch.setattr(stall_watch, "TELL_AFTER_S", 0.5)
    said: list[str] = []
    fleet = make_fleet(
        ("continuous", mode), extra={"misbehave_at": "2"}, step_timeout_s=1.5, on_status=said.append
    )
    fleet.reset()
    step(fleet)
    assert step(fleet)[1].truncated.all()
    first, second = [text for text in said if "has not answered" in text][:2]
    assert re.match(r"Game 1 has not answered for \d s: " + words, first), said
    assert re.match(r"Game 1 has not answered for [\d.]+ seconds: " + words, second), said
    assert "(restart 1 of 10)" in second
    step(fleet)
    with pytest.raises(GameTimeoutError, match=f"{words}.*second time") as caught:
        step(fleet)
    assert caught.value.hint is not None


@linux
def test_a_stopped_game_is_named_and_goes_on(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stall_watch, "TELL_AFTER_S", 0.3)
    said: list[str] = []
    stopped: list[int] = []

    def let_go(text: str) -> None:
        said.append(text)
        if "SIGSTOP" in text:
            os.kill(stopped.pop(), signal.SIGCONT)

    fleet = make_fleet(["continuous"], on_status=let_go)
    fleet.reset()
    stopped += pids(fleet)
    os.kill(stopped[0], signal.SIGSTOP)
    (batch,) = step(fleet)
    assert not batch.truncated.any()
    assert any("it was stopped (SIGSTOP)" in text for text in said)
    assert "Game 0 goes on after" in said[-1]


@linux
def test_a_game_that_does_not_connect_is_told_of(
    make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall_watch, "TELL_AFTER_S", 0.3)
    said: list[str] = []
    with pytest.raises(GameStartError, match="did not connect within"):
        make_fleet(["silent"], startup_timeout_s=1.5, on_status=said.append)
    assert re.match(r"Game 0 has not connected for \d s: it ", said[0])


def test_a_sentence_is_said_once_in_a_while() -> None:
    clock, said = Clock(), list[str]()
    say = Unrepeated(said.append, clock)
    for second in range(25):
        clock.now = second
        say("again")
        say(f"second {second}")
    assert said.count("again") == 3
    assert len(said) == 28


def test_sentences_may_count_as_the_same_though_they_count_seconds() -> None:
    clock, said = Clock(), list[str]()
    say = Unrepeated(said.append, clock, key=without_numbers)
    for second in range(25):
        clock.now = second
        say(f"paused for {second} s")
    assert said == ["paused for 0 s", "paused for 10 s", "paused for 20 s"]


def test_what_was_said_is_forgotten_in_time() -> None:
    said: list[str] = []
    say = Unrepeated(said.append, Clock())
    for number in range(1000):
        say(str(number))
    say("0")
    say("999")
    assert said[1000:] == ["0"]


def test_the_watch_ends_with_its_game(make_game: MakeGame) -> None:
    clock, said = Clock(), list[str]()
    game = make_game()
    watch = StallWatch("Game 0", game.game, said.append, clock)
    watch.has_connected = True
    watch.look()
    game.close()
    wait_until(lambda: game.game is not None and not game.game.is_running())
    clock.now += 6.0
    watch.look()
    assert "its process has ended" in said[0]
