"""Games that die: what is told of them, how they come back, and what they may not take along."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl_studio_training.connection import listen
from rl_studio_training.errors import (
    GameCrashedError,
    GameError,
    GameFault,
    GameStartError,
    Interrupted,
    SpacesError,
)
from rl_studio_training.fleet import GameFleet
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.launch import GameSettings
from training.conftest import MakeBuild, MakeFleet, MakeGame, is_alive
from training.fleet_steps import pids, step

WIRES = ["studio", "binary"]
TWO = ("continuous", "continuous")


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waited.append(seconds)


PUCK = "res://puck.gd:42, in _physics_process"


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("mode", "code", "words", "place"),
    [
        (
            "crash",
            "game_crashed",
            f"{PUCK}: Division by zero error in operator '/'. Game 1 ",
            f"exit code 3: {PUCK}",
        ),
        (
            "crash",
            "game_crashed",
            "Game 1 exited with code 3 (after 2 steps).\nIts last",
            f"exit code 3: {PUCK}",
        ),
        ("quit", "game_crashed", "Game 1 ended itself (get_tree().quit()) (after 2 steps).", "it quits"),
        ("error", "game", "reward is NaN", "agent /root/Main/Puck: reward is NaN"),
        ("garbage", "game_protocol", "Game 1 sent", None),
    ],
)
def test_a_game_that_dies_is_replaced(
    make_fleet: MakeFleet, wire: str, mode: str, code: str, words: str, place: str | None
) -> None:
    events: list[dict[str, Any]] = []
    fleet = make_fleet(
        ("continuous", mode),
        wire=wire,
        extra={"misbehave_at": "3", "misbehave_seed": "1"},
        on_event=lambda kind, **fields: events.append({"kind": kind, **fields}),
    )
    fleet.reset()
    for _ in range(3):
        first, second = step(fleet)
    assert (first.rewards.tolist(), first.ended.any()) == ([1.0, 2.0], False)
    assert (second.rewards.tolist(), second.truncated.tolist()) == ([0.0, 0.0], [True, True])
    assert not second.terminated.any()
    assert isinstance(second.observations, np.ndarray)
    assert isinstance(second.terminal_observations, np.ndarray)
    np.testing.assert_allclose(second.terminal_observations, [[0.0, 0.4, 0.5], [0.1, 0.4, 0.5]])
    np.testing.assert_allclose(second.observations, [[0.0, 0.0, 0.5], [0.1, 0.0, 0.5]])
    (event,) = events
    assert words in event.pop("message")
    found = event.pop("place")
    assert found.startswith("sent") if place is None else found == place
    assert event == {"kind": "game_restarted", "instance": 1, "reason": code, "attempt": 1, "limit": 10}
    for _ in range(5):
        first, second = step(fleet)
    assert second.infos[0]["episode"]["l"] == 5


@pytest.mark.parametrize(("mode", "wire"), [("fault", "binary"), ("resize", "binary"), ("nan", "binary")])
def test_a_fault_that_would_come_again_ends_the_run_at_once(
    make_fleet: MakeFleet, mode: str, wire: str
) -> None:
    said: list[str] = []
    events: list[str] = []
    fleet = make_fleet(
        ("continuous", mode),
        wire=wire,
        extra={"misbehave_at": "3"},
        on_status=said.append,
        on_event=lambda kind, **_fields: events.append(kind),
    )
    fleet.reset()
    step(fleet)
    step(fleet)
    with pytest.raises(GameFault) as caught:
        step(fleet)
    assert caught.value.code == "data"
    assert "Game 1" in caught.value.message
    assert re.search(r"decision 3|after 2 steps", caught.value.message), caught.value.message
    assert (said, events) == ([], [])


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("crash", f"(exit code 3: {PUCK})"),
        ("segfault", "crashed with SIGSEGV"),
        ("quit", "(it quits)"),
        ("garbage", "sent"),
        ("error", "reward is NaN"),
    ],
)
def test_the_same_death_at_the_same_place_is_a_fault_the_second_time(
    make_fleet: MakeFleet, mode: str, words: str
) -> None:
    said: list[str] = []
    fleet = make_fleet([mode], wire="binary", extra={"misbehave_at": "1"}, on_status=said.append)
    fleet.reset()
    assert step(fleet)[0].truncated.all()
    with pytest.raises(GameError, match="second time that a game of this run dies like this") as caught:
        step(fleet)
    assert words in caught.value.message.partition("\n")[0]
    assert len(said) == 1
    assert "(restart 1 of 10)" in said[0]
    assert not any(is_alive(pid) for pid in pids(fleet))


def test_a_game_that_dies_in_two_ways_has_a_chance_after_each(make_fleet: MakeFleet) -> None:
    clock = Clock()
    fleet = make_fleet(["mortal"], extra={"misbehave_at": "1"}, clock=clock, wait=clock.wait)
    fleet.reset()
    with pytest.raises(GameStartError, match=r"before it connected") as caught:
        step(fleet)
    assert "second time" in caught.value.message
    assert "missing.tscn" in caught.value.message.partition("\n")[0], "what the game printed comes first"
    assert clock.now == pytest.approx(1.0), "after the crash at once, after the failed start in a second"


def test_an_episode_cut_by_death_is_no_result(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(["crash"], extra={"misbehave_at": "3", "misbehave_seed": "0"})
    fleet.reset()
    for _ in range(3):
        (batch,) = step(fleet)
    assert batch.truncated.all()
    assert (batch.infos, fleet.episodes.total) == ({}, 0)


def test_a_hanging_game_is_killed_and_replaced(make_fleet: MakeFleet) -> None:
    events: list[dict[str, Any]] = []
    fleet = make_fleet(
        ("continuous", "hang"),
        wire="binary",
        extra={"misbehave_at": "2", "misbehave_seed": "1"},
        step_timeout_s=0.5,
        on_event=lambda _kind, **fields: events.append(fields),
    )
    fleet.reset()
    hung = pids(fleet)[1]
    for _ in range(2):
        _first, second = step(fleet)
    assert second.truncated.all()
    assert events[0]["reason"] == "game_timeout"
    assert not is_alive(hung)
    assert step(fleet)[1].rewards.tolist() == [1.0, 2.0]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("number", [0, 1])
def test_a_killed_game_is_named(make_fleet: MakeFleet, number: int) -> None:
    messages: list[str] = []
    fleet = make_fleet(TWO, on_event=lambda _kind, **fields: messages.append(fields["message"]))
    fleet.reset()
    os.kill(pids(fleet)[number], signal.SIGKILL)
    batches = step(fleet)
    assert [batch.truncated.all() for batch in batches] == [number == 0, number == 1]
    assert f"Game {number} was killed by SIGKILL (out of memory?)" in messages[0]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_game_that_dies_before_a_reset_is_replaced(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(TWO)
    os.kill(pids(fleet)[1], signal.SIGKILL)
    batch = fleet.reset(seed=5)
    assert not batch.ended.any()
    assert isinstance(batch.observations, np.ndarray)
    np.testing.assert_allclose(batch.observations[:, 1], 0.0)
    assert step(fleet)[1].rewards.tolist() == [1.0, 2.0]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_all_games_may_die_at_once(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(["continuous"] * 3, wait=lambda _seconds: None, clock=iter(range(10**6)).__next__)
    fleet.reset()
    for pid in pids(fleet):
        os.kill(pid, signal.SIGKILL)
    assert [batch.truncated.tolist() for batch in step(fleet)] == [[True] * 4, [True] * 2]
    assert [batch.rewards.tolist() for batch in step(fleet)] == [[1.0, 2.0, 1.0, 2.0], [1.0, 2.0]]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_game_that_is_killed_again_and_again_fails_the_run(make_fleet: MakeFleet) -> None:
    clock = Clock()
    said: list[str] = []
    fleet = make_fleet(["continuous"], max_restarts=5, clock=clock, wait=clock.wait, on_status=said.append)
    fleet.reset()
    for _ in range(5):
        os.kill(pids(fleet)[0], signal.SIGKILL)
        assert step(fleet)[0].truncated.all()
    os.kill(pids(fleet)[0], signal.SIGKILL)
    with pytest.raises(GameCrashedError, match=r"was killed by SIGKILL.* 5 times, which is the limit\."):
        step(fleet)
    assert clock.now == pytest.approx(0 + 1 + 5 + 60 + 60)
    assert "starts again now (restart 1 of 5)" in said[0]
    assert "starts again in 60 s (restart 4 of 5)" in said[3]
    assert not any(is_alive(pid) for pid in pids(fleet))


def test_a_game_that_comes_back_changed_fails_the_run(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(["changed"], extra={"misbehave_at": "1"})
    fleet.reset()
    with pytest.raises(SpacesError, match=r"\[4\].*\[3\]"):
        step(fleet)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_the_wait_for_a_restart_ends_when_the_user_wants_to_stop(make_fleet: MakeFleet) -> None:
    clock = Clock()

    def stop() -> None:
        if clock.waited:
            raise Interrupted

    fleet = make_fleet(TWO, clock=clock, wait=clock.wait, on_wait=stop)
    fleet.reset()
    os.kill(pids(fleet)[1], signal.SIGKILL)
    step(fleet)
    os.kill(pids(fleet)[1], signal.SIGKILL)
    with pytest.raises(Interrupted):
        step(fleet)
    assert 0.0 < clock.now < 1.0
    alive = pids(fleet)
    fleet.close()
    assert not any(is_alive(pid) for pid in alive)


def test_the_wait_for_an_answer_ends_when_the_user_wants_to_stop(make_fleet: MakeFleet) -> None:
    def stop() -> None:
        raise Interrupted

    fleet = make_fleet(["hang"], extra={"misbehave_at": "1"}, on_wait=stop)
    fleet.reset()
    with pytest.raises(Interrupted):
        step(fleet)


def test_errors_of_a_dead_game_are_not_lost(make_fleet: MakeFleet, tmp_path: Path) -> None:
    fleet = make_fleet(["crash"], extra={"misbehave_at": "2"})
    fleet.reset()
    step(fleet)
    step(fleet)
    error = "SCRIPT ERROR: Division by zero error in operator '/'."
    assert list(fleet.new_errors()) == [(0, error), (0, "at: _physics_process (res://puck.gd:42)")]
    assert list(fleet.new_errors()) == []
    game = fleet.games[0].game
    assert game is not None
    assert game.log.last_lines() == []
    log = (tmp_path / "game-0.log").read_text()
    assert (log.count(error), log.count("--- started again ---")) == (1, 1)


# --- the first start, and strangers


def test_a_game_that_cannot_start_fails_the_run_and_takes_the_others_along(make_game: MakeGame) -> None:
    games: list[StudioGodotEnv] = []

    def launch(instance: int, seed: int) -> StudioGodotEnv:
        mode = ("continuous", "stillborn")[instance]
        games.append(make_game(mode, instance=instance, seed=seed, connect=False))
        return games[-1]

    with pytest.raises(GameStartError, match="Game 1 exited with code 1") as caught:
        GameFleet(launch, 2, seed=0)
    assert "missing.tscn" in caught.value.message
    assert [is_alive(game.game.pid) for game in games if game.game] == [False, False]


def test_a_game_that_never_connects_fails_the_run_in_time(make_fleet: MakeFleet) -> None:
    with pytest.raises(GameStartError, match="did not connect within 0"):
        make_fleet(["silent"], startup_timeout_s=0.4)


def test_a_game_of_the_editor_is_not_started_again(make_build: MakeBuild) -> None:
    with listen() as server:
        port = server.getsockname()[1]
    build = make_build("crash")
    processes: list[subprocess.Popen[bytes]] = []

    def launch(instance: int, _seed: int) -> StudioGodotEnv:
        game = StudioGodotEnv(
            GameSettings(startup_timeout_s=20.0), instance=instance, port=port, connect=False
        )
        argv = [str(build), f"--port={port}", "--misbehave_at=2"]
        processes.append(subprocess.Popen(argv, cwd=build.parent, stdout=subprocess.DEVNULL))
        return game

    fleet = GameFleet(launch, 1, seed=0)
    fleet.reset()
    step(fleet)
    with pytest.raises(GameCrashedError, match="The game was closed"):
        step(fleet)
    fleet.close()
    assert len(processes) == 1
    assert processes[0].wait(20) == 3


def test_a_stranger_does_not_get_the_place_of_a_game(make_game: MakeGame) -> None:
    game = make_game(connect=False)
    with socket.create_connection(("127.0.0.1", game.port)) as stranger:
        game.connect()
        assert game.num_envs == 2
        stranger.settimeout(20.0)
        with contextlib.suppress(ConnectionResetError):  # the game was first, and the door closed behind it
            assert stranger.recv(1) == b""
